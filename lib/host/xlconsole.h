/*
 * One look at a domain's console: `xl create -c` or `xl console`, which read what is typed from a
 * terminal only. So they get one of their own: here a pseudo-terminal, over ssh one that sshd makes
 * there; nothing in between changes a byte, and nothing is echoed.
 *
 * xl leaves a console on a ^] that comes alone; so this byte isn't passed on.
 */
#ifndef MIRARI_HOST_XLCONSOLE_H
#define MIRARI_HOST_XLCONSOLE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"
#include "host/xenhost.h"

#include <stdbool.h>

struct xlconsole {
	struct child child;
	int to, from; /* what is typed, what is printed; -1: closed. They may be the same */
	int errors;   /* its standard error, a file in memory */
	bool ready;   /* it takes what is typed */
	struct buf typed;
};

/* Starts `xl ARGUMENT...`. Over ssh xl's standard error goes to the file `errors` there. */
int xlconsole_start(struct xlconsole *c, const struct xenhost *h, const struct strv *arguments,
    const char *errors, struct fault *fault) A_MUST_CHECK;

/* Waits until there is something to do, at most so long (-1: for ever) or until `wake` (-1: none)
 * is readable, and does it: what comes from `in` (-1: nothing) goes to the console, what comes from
 * the console to `out`. *in becomes -1 at its end. 1: goes on; 0: the console has ended; -1: `out`
 * can't be written (EX_IOERR). */
int xlconsole_turn(struct xlconsole *c, int *in, int out, int wake, int milliseconds,
    struct fault *fault) A_MUST_CHECK;

/* Waits for its end, closes all, and appends what was said on standard error here. */
int xlconsole_end(
    struct xlconsole *c, struct buf *errors, int *status, struct fault *fault) A_MUST_CHECK;

#endif
