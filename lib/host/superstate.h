/*
 * What a supervisor says of its instance: the record in host/instance.h, kept current. What doesn't
 * change is in `base`; the rest is put together for each writing, so that a program that is started
 * again for years needs no more memory for it.
 */
#ifndef MIRARI_HOST_SUPERSTATE_H
#define MIRARI_HOST_SUPERSTATE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "host/instance.h"

#include <stdbool.h>
#include <stdint.h>

struct superstate {
	const struct instances *store; /* borrowed */
	struct rec base;               /* owned */
	struct rec before;             /* owned: what was known of the name; empty: nothing */
	enum instance_status status;
	struct procid process; /* pid 0: there is none */
	/* milliseconds since 1970; 0: not (yet) */
	int64_t started, ended, next;
	int exit; /* -1: it hasn't ended yet */
	uint32_t restarts;
	bool stale; /* what is written isn't what is */
};

void superstate_free(struct superstate *s);

/* Adds to base, in place of what it has. A value that a record can't carry is EX_DATAERR. */
int superstate_set(
    struct superstate *s, const char *key, const char *value, struct fault *fault) A_MUST_CHECK;

/* Takes the name for this process, which is starting. What base has of an earlier run is taken out.
 */
int superstate_take(struct superstate *s, struct fault *fault) A_MUST_CHECK;

/* Writes it; `stale` when that can't be done now. */
int superstate_write(struct superstate *s, struct fault *fault) A_MUST_CHECK;

/* Nothing has become of it: the record is what it was before. If there was none it is removed, and
 * the logs unless they are to stay. */
void superstate_abandon(struct superstate *s, bool keep_logs);

#endif
