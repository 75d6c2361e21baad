/*
 * Where the output of a supervised program goes, and its input comes from: log and console of the
 * instance, and the supervisor's own notes. A log that can't be written stops nothing: what is
 * missing is counted, and noted in it once it can be written again (host/instancelog.h).
 */
#ifndef MIRARI_HOST_SUPEROUTPUT_H
#define MIRARI_HOST_SUPEROUTPUT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/console.h"
#include "host/statedir.h"
#include "host/instancelog.h"
#include "host/program.h"

#include <poll.h>
#include <stdbool.h>

/* What was typed and the program hasn't read yet; beyond it nothing more is taken. */
enum { SUPEROUTPUT_TYPED_MAX = 1 << 16 };

enum { SUPEROUTPUT_POLLS = LOG_STREAMS + 1 + CONSOLE_POLLS };

struct superoutput {
	struct instancelog log; /* limit and files are the caller's to set */
	struct console console;
	bool log_was_there; /* from an earlier instance of that name */
	/* the module's own */
	bool open;
	int logs;
	struct buf log_name, console_name;
	struct buf typed;
};

#define SUPEROUTPUT_CLOSED \
	{ \
		.logs = -1 \
	}

int superoutput_open(struct superoutput *o, const struct instances *store, const char *name,
    struct fault *fault) A_MUST_CHECK;
void superoutput_close(struct superoutput *o); /* may be called twice */

/* A line of our own, to both. */
void superoutput_note(struct superoutput *o, const char *format, ...) A_PRINTF(2, 3);

/* The program has ended: its last line ends, and what was typed was for it. */
void superoutput_end(struct superoutput *o);

/* What is to be waited for; then, with the answers, some of it is copied. A pipe that has come to
 * its end is closed. */
size_t superoutput_polls(
    const struct superoutput *o, const struct program *p, struct pollfd polls[SUPEROUTPUT_POLLS]);
void superoutput_serve(struct superoutput *o, struct program *p,
    const struct pollfd polls[SUPEROUTPUT_POLLS], size_t count);

#endif
