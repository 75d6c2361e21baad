/*
 * The other end of host/console.h: who looks at an instance's console.
 *
 * The program's standard input is a pipe: it doesn't echo what is typed, and edits no lines. So the
 * terminal goes on doing both, as with `cat`, and a line is sent when it ends; there is no raw
 * mode as in consoles whose other end is a terminal. ^C, ^Z and ^S stay the person's own. Only ^]
 * is made a second end of a line (VEOL, termios(3)), so that it is seen at once; what stands before
 * it in its line isn't sent. If we are killed before that is undone, it hardly matters. That is
 * host/typing.h.
 */
#ifndef MIRARI_HOST_CONSOLECLIENT_H
#define MIRARI_HOST_CONSOLECLIENT_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/logfiles.h"

#include <stdbool.h>

/* Returns the socket, and where the log ended when what comes from it began. EXIT_NO: nobody
 * listens there; EX_UNAVAILABLE: no answer within some seconds, since its supervisor hangs or has
 * CONSOLE_CLIENTS_MAX clients. */
int console_connect(
    int dir, const char *name, struct logplace *from, struct fault *fault) A_MUST_CHECK;

struct console_ends {
	int in, out;
	bool terminal; /* `in` is one, and host/typing.h has been started for it: ^] leaves */
	bool screen;   /* what is printed goes through core/screen.h first */
	bool left;     /* set: the person left */
};

/* Copies between the console and these, until the console ends (0), the person leaves (0), or
 * nobody reads `out` any more (0). The end of `in` isn't the end. */
int console_attach(int console, struct console_ends *ends, struct fault *fault) A_MUST_CHECK;

#endif
