/*
 * The log of an instance on another machine, as `mirari logs --follow --times` there prints it, on
 * two pipes: shown here as if it were printed here. When the connection ends it is asked for once
 * more from the last time on, and what has been shown isn't shown twice.
 *
 * Lines of the supervisor there that say what is seen here anyway (when it was started and with
 * what it ended) are left out.
 */
#ifndef MIRARI_HOST_REMOTELOG_H
#define MIRARI_HOST_REMOTELOG_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/instancelog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REMOTELOG_TIME = 24 }; /* 2026-11-25T12:31:24.007Z */

struct remotelog_stream {
	int to; /* borrowed */
	/* the module's own */
	struct buf held;               /* a line that has begun */
	char last[REMOTELOG_TIME + 1]; /* the time of the last line */
	uint64_t same;                 /* lines of that time that are over */
	uint64_t shown;                /* bytes of the one that isn't */
	bool begun, hidden;            /* that one: its time has been read, it isn't shown */
	uint64_t skip, drop;           /* same and shown, of the connection before */
	bool again;                    /* lines of before may come */
};

struct remotelog {
	struct remotelog_stream streams[LOG_STREAMS];
	bool closed; /* set: nobody reads any more */
};

void remotelog_free(struct remotelog *r);

/* Bytes as they come. EX_IOERR; that nobody reads isn't one. */
int remotelog_add(struct remotelog *r, enum log_stream stream, const char *bytes, size_t length,
    struct fault *fault) A_MUST_CHECK;

/* The log comes once more, from remotelog_since on. */
void remotelog_again(struct remotelog *r);

/* The time that both streams were shown up to; NULL when nothing was. Borrowed. */
const char *remotelog_since(const struct remotelog *r);

#endif
