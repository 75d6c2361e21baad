/* Time: how long something takes, and when it was. */
#ifndef MIRARI_CORE_CLOCK_H
#define MIRARI_CORE_CLOCK_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a clock that never jumps (CLOCK_MONOTONIC). */
int64_t clock_ms(void);

/* Milliseconds since 1970, UTC. */
int64_t clock_now(void);

/* Appends such a time as RFC 3339 has it, in UTC: 2026-11-25T12:31:24.007Z. */
void clock_text(int64_t milliseconds, struct buf *into);

/* Back from that, with or without a fraction (of which milliseconds count), with Z or a numeric
 * offset, and a blank for the T. False when it is anything else, a day that isn't there included.
 */
bool clock_parse(const char *text, int64_t *milliseconds) A_MUST_CHECK;

#endif
