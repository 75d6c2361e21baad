/*
 * Reading the log of an instance (host/instancelog.h): all of its files in their order, the last
 * lines, what comes while it is written to. A rotation meanwhile loses and repeats nothing, as long
 * as a file isn't removed before it is read; then a line says so.
 */
#ifndef MIRARI_HOST_LOGREADER_H
#define MIRARI_HOST_LOGREADER_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/logfiles.h"
#include "host/logshow.h"

#include <stdbool.h>
#include <stdint.h>

struct logreader {
	const char *path;      /* of NAME.log, borrowed */
	uint64_t tail;         /* only the last lines; UINT64_MAX: all */
	struct logplace until; /* only what is before that; inode 0: all */
	bool follow;           /* go on until `alive` says that no more comes; not with `until` */
	bool (*alive)(void *); /* NULL: for ever. Asked about twice a second */
	void *data;            /* for alive */
	int ended;             /* borrowed: readable when it's time to ask (a pidfd); -1: none */
};

/* Shows the lines, the oldest first. EX_NOINPUT when there is no log. 0 at the end, or once nobody
 * reads any more what is shown (EPIPE). A line that isn't in the format is shown as it is. The
 * caller ends and frees `show`. */
int logreader_run(
    const struct logreader *r, struct logshow *show, struct fault *fault) A_MUST_CHECK;

#endif
