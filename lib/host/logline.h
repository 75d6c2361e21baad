/* One line of a log, in its format: host/instancelog.h. */
#ifndef MIRARI_HOST_LOGLINE_H
#define MIRARI_HOST_LOGLINE_H

#include "host/instancelog.h"

#include <stdbool.h>
#include <stddef.h>

extern const char *const log_stream_names[LOG_STREAMS];

/* Borrows from the line. */
struct logline {
	const char *time;
	size_t time_length;
	enum log_stream stream;
	bool part;        /* the line goes on in the stream's next one */
	const char *text; /* what was printed */
	size_t length;
};

/* The bytes of a line, without its LF. False when it isn't in the format: then it is all text, of
 * stdout, with an empty time. What stands behind F or P and a colon, as other writers may have it,
 * counts for nothing. */
bool logline_parse(const char *bytes, size_t length, struct logline *into);

/* How much of a line's beginning is enough to see `part` and `stream`. */
enum { LOGLINE_HEAD = 96 };

#endif
