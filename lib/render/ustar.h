/*
 * Headers of tar archives: POSIX.1-2017, pax, "ustar Interchange Format". Owner is root, the time
 * is 1970, so that the same content is the same bytes.
 */
#ifndef MIRARI_RENDER_USTAR_H
#define MIRARI_RENDER_USTAR_H

#include "core/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum { USTAR_BLOCK = 512, USTAR_END = 2 * USTAR_BLOCK };

#define USTAR_SIZE_MAX (((uint64_t)1 << 33) - 1) /* eleven octal digits */

/* The block in front of a file of that size, or of a directory (whose name ends with a slash).
 * False when a name of more than 100 bytes, or the size, doesn't fit. */
bool ustar_header(uint8_t block[USTAR_BLOCK], const char *name, uint64_t size) A_MUST_CHECK;

/* What a file takes with its header and padding. */
uint64_t ustar_space(uint64_t size);

#endif
