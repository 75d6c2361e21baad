/*
 * The log of an instance: what it printed, a line each, in the format that container runtimes use
 * for Kubernetes (design-proposals-archive, node/kubelet-cri-logging.md), so that what reads those
 * reads ours:
 *
 *     2026-11-25T12:31:24.007Z stdout F text of a whole line, or the last part of one
 *     2026-11-25T12:31:24.007Z stderr P part of a long line that goes on
 *
 * The text is what the program printed, byte by byte, without the LF. stdout and stderr are the
 * program's; lines of the supervisor are stderr and begin with "mirari: ". A part is at most
 * LOG_PART_MAX bytes; the line goes on in the next line of the same stream, F being its last. The
 * time is when the line ended, UTC.
 *
 * FILE is written to; when a line would take it past its limit it becomes FILE.1, FILE.1 becomes
 * FILE.2, and so on, up to the number of files; those behind are removed. The oldest is renamed
 * first, and nothing is written to a file once it has another name: host/logreader.h relies on
 * both. A FILE that somebody has removed, moved or cut short under us is found so before each
 * write, and made again.
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
	uint64_t limit;   /* bytes a file; 0: no limit. A longer line has a file to itself */
	unsigned files;   /* at least 1 */
	/* the module's own; zeroed before instancelog_open */
	int fd;
	uint64_t size;
	struct buf held[LOG_STREAMS]; /* the line that each has begun */
	bool parted[LOG_STREAMS];     /* parts of it have been written */
	struct buf out;               /* lines to be written at once */
	uint64_t lost;                /* lines that could not be written, until a note says so */
};

/* Opens it for appending, or makes it (0600). A line that whoever wrote it before didn't get to
 * end is ended. EX_CANTCREAT, EX_NOPERM. */
int instancelog_open(struct instancelog *l, struct fault *fault) A_MUST_CHECK;

/* Whatever is in the log and could not be written by now is lost. May be called twice. */
void instancelog_close(struct instancelog *l);

/* Bytes as they come from the program, in one write for all lines that end in them. A begun line is
 * kept until it ends or is more than LOG_PART_MAX long.
 *
 * -1 with the fault when something can't be written (the disk is full): lines that end in these
 * bytes may be lost; the file has no half ones. Each call tries again, and once that works a note
 * says how many have been lost. (A limit on file sizes (RLIMIT_FSIZE) is such a fault only where
 * SIGXFSZ is ignored.) */
int instancelog_add(struct instancelog *l, enum log_stream stream, const char *bytes, size_t length,
    struct fault *fault) A_MUST_CHECK;

/* The program has ended: lines that it has begun end here, so that the next one's begin anew. */
int instancelog_end(struct instancelog *l, struct fault *fault) A_MUST_CHECK;

/* A line of the supervisor's own. */
int instancelog_note(struct instancelog *l, struct fault *fault, const char *format, ...)
    A_PRINTF(3, 4) A_MUST_CHECK;

#endif
