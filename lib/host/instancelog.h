/*
 * The log of an instance: what it printed, a line each, in the format that container runtimes use
 * for Kubernetes (design-proposals-archive, node/kubelet-cri-logging.md), so that what reads those
 * reads ours:
 *
 *     2026-11-25T12:31:24.007123456Z stdout F text of a whole line
 *     2026-11-25T12:31:24.007123456Z stderr P part of a long line, or of one that never ended
 *
 * Ours has milliseconds. stdout and stderr are the program's; lines of the supervisor are stderr
 * and begin with "mirari: ". A part is at most LOG_PART_MAX bytes; the line goes on in the next
 * line of the same stream, F being its last.
 *
 * FILE is written to; when a line would take it past its limit it becomes FILE.1, FILE.1 becomes
 * FILE.2, and so on, up to the number of files. A reader that has FILE open and has come to its end
 * finds by the inode that there is a new one.
 */
#ifndef MIRARI_HOST_INSTANCELOG_H
#define MIRARI_HOST_INSTANCELOG_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LOG_PART_MAX = 16384,
	LOG_SIZE_DEFAULT = 10 << 20, /* bytes */
	LOG_FILES_DEFAULT = 5        /* with the one that is written to */
};

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAMS };

struct instancelog {
	int dir;          /* borrowed: where the files are */
	const char *name; /* borrowed: NAME.log */
	uint64_t limit;   /* bytes a file; 0: no limit */
	unsigned files;
	/* the module's own */
	int fd;
	uint64_t size;
	struct buf held[LOG_STREAMS]; /* the line that each has begun */
};

/* Opens it for appending, or makes it (0600). */
int instancelog_open(struct instancelog *l, struct fault *fault) A_MUST_CHECK;
void instancelog_close(struct instancelog *l); /* what was begun is written as P */

/* Bytes as they come from the program. Whole lines are written at once, and a begun one when it is
 * LOG_PART_MAX long. -1 with the fault when they can't be written (the disk is full): nothing else
 * is lost, and a later line may be written again. */
int instancelog_add(struct instancelog *l, enum log_stream stream, const char *bytes, size_t length,
    struct fault *fault) A_MUST_CHECK;

/* A line of the supervisor's own. */
int instancelog_note(struct instancelog *l, struct fault *fault, const char *format, ...)
    A_PRINTF(3, 4) A_MUST_CHECK;

/* Reading. */
struct logreader {
	const char *path;      /* of NAME.log, borrowed */
	int64_t since;         /* milliseconds since 1970: only lines from then on; 0: all */
	uint64_t tail;         /* only the last lines; UINT64_MAX: all */
	bool times;            /* with the time in front */
	bool follow;           /* go on as long as `alive` says so, or for ever */
	bool (*alive)(void *); /* is more to come? NULL: always */
	void *data;            /* for alive */
};

/* Sends the lines to descriptors: what was stdout to `out`, what was stderr to `err` (which may be
 * the same). Older files come first. EX_NOINPUT when there is no log. Returns 0 at the end, also
 * when `out` is a pipe that nobody reads any more. A line that isn't in the format is shown as it
 * is. */
int logreader_run(const struct logreader *r, int out, int err, struct fault *fault) A_MUST_CHECK;

#endif
