/*
 * The files of a log as somebody sees them who reads while they are rotated (host/instancelog.h): a
 * file that is open stays the same one whatever it is called by now, so its neighbours are found by
 * where its inode is. That holds since a rotation renames the oldest first: while a file has a
 * number, its newer neighbour has the number before it, or none just now.
 */
#ifndef MIRARI_HOST_LOGLIST_H
#define MIRARI_HOST_LOGLIST_H

#include "core/attr.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logfile {
	int fd;
	uint64_t device, inode;
	uint64_t end;    /* its size when it was opened */
	int64_t changed; /* its last change then, milliseconds since 1970 */
};

struct loglist {
	struct logfile *files; /* owned, with their descriptors; the newest is the first */
	size_t count;
	size_t room;
};

void loglist_free(struct loglist *l);

/* Opens all there are. EX_NOINPUT when there are none. */
int loglist_open(int dir, const char *name, struct loglist *into, struct fault *fault) A_MUST_CHECK;

/* Opens the one that came after `now`: 1; 0 when there is none yet; -1 with a fault. When `now` has
 * none of the names any more, that is the oldest one that was written to since; with others behind
 * that, *skipped is set: there may have been more. */
int loglist_next(int dir, const char *name, const struct logfile *now, struct logfile *next,
    bool *skipped, struct fault *fault) A_MUST_CHECK;

#endif
