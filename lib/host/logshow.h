/* Lines of a log as a person or a program gets them: what was printed, where it was printed to. */
#ifndef MIRARI_HOST_LOGSHOW_H
#define MIRARI_HOST_LOGSHOW_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/screen.h"
#include "host/instancelog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logshow {
	int to[LOG_STREAMS];         /* borrowed descriptors; may be the same */
	bool on_screen[LOG_STREAMS]; /* what goes there goes through core/screen.h */
	int64_t since;               /* milliseconds since 1970: only lines from then on; 0: all */
	bool times;                  /* with the time in front */
	bool closed;                 /* set: nobody reads any more */
	/* the module's own */
	struct buf out;
	enum log_stream stream; /* of out */
	struct screen screens[LOG_STREAMS];
	bool begun[LOG_STREAMS]; /* a part has been shown, or not: */
	bool hidden[LOG_STREAMS];
	bool early; /* the last line with a time was from before `since` */
};

/* Sets where lines go: what goes to a terminal is made fit for it, unless `raw`. Where both are the
 * same file, all goes to `out`. */
void logshow_to(struct logshow *s, int out, int err, bool raw);

/* A line of the log, without its LF; it may be one that isn't in the format. Order is kept between
 * the streams. What nobody reads any more is no fault. */
int logshow_line(
    struct logshow *s, const char *bytes, size_t length, struct fault *fault) A_MUST_CHECK;

/* Writes what was kept to be written at once. */
int logshow_flush(struct logshow *s, struct fault *fault) A_MUST_CHECK;

/* And leaves no colours on a terminal. */
int logshow_end(struct logshow *s, struct fault *fault) A_MUST_CHECK;
void logshow_free(struct logshow *s);

#endif
