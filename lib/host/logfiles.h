/* The files of a log: NAME is the newest, then come NAME.1, NAME.2 and so on. */
#ifndef MIRARI_HOST_LOGFILES_H
#define MIRARI_HOST_LOGFILES_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdint.h>

/* A place in one of them, whatever its name is by then: inode 0 is none. */
struct logplace {
	uint64_t device, inode, offset;
};

/* Replaces what the buffer has by the name of one of them, 0 being the newest. */
void logfiles_name(const char *name, unsigned number, struct buf *into);

/* Makes room for a new one, so that with it there are `files` (at least 1) at most: each gets the
 * next number, the oldest first, up to a number that is free. Those that are too many are removed.
 * EX_CANTCREAT. */
int logfiles_shift(int dir, const char *name, unsigned files, struct fault *fault) A_MUST_CHECK;

/* Removes all of them, whatever their numbers. */
int logfiles_remove(int dir, const char *name, struct fault *fault) A_MUST_CHECK;

#endif
