/*
 * The console of an instance: a socket, NAME.console in the state directory (host/instance.h),
 * where its supervisor sends what the program prints as it comes, and takes what is typed to the
 * program's standard input. Any number of clients of the same user (or root) at a time; one that
 * doesn't read loses what doesn't fit into its socket, and nobody waits for it.
 *
 * The protocol is bytes, both ways; the end of a client's bytes means nothing (it may only listen).
 * The supervisor closes when the instance ends.
 */
#ifndef MIRARI_HOST_CONSOLE_H
#define MIRARI_HOST_CONSOLE_H

#include "core/attr.h"
#include "core/fault.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONSOLE_CLIENTS_MAX = 32, CONSOLE_POLLS = CONSOLE_CLIENTS_MAX + 1 };

struct console {
	int dir;          /* borrowed: the state directory */
	const char *name; /* borrowed: NAME.console */
	/* the module's own */
	int listening;
	int clients[CONSOLE_CLIENTS_MAX];
	size_t count;
};

/* Listens; a socket that nobody listens at any more is replaced. */
int console_open(struct console *c, struct fault *fault) A_MUST_CHECK;
void console_close(struct console *c); /* and removes it */

/* What the program has printed, to all. */
void console_send(struct console *c, const void *bytes, size_t length);

/* For the supervisor's loop: fills `polls` (CONSOLE_POLLS of them) with what is to be waited for
 * and returns how many; then, with their answers, takes new clients, drops those that have gone,
 * and gives what they typed to `typed`. */
size_t console_polls(const struct console *c, struct pollfd *polls);
void console_serve(struct console *c, const struct pollfd *polls, size_t count,
    void (*typed)(void *data, const void *bytes, size_t length), void *data);

/* The client. EXIT_NO, when nobody listens there. */
int console_connect(int dir, const char *name, struct fault *fault) A_MUST_CHECK;

/* Copies between the console and descriptors (ours 0 and 1), until the console ends (0) or the
 * person leaves by ^] (0, *left is set). On a terminal ^C and ^Z are the person's own as always;
 * terminal settings are as before afterwards, also when a signal ends us. The end of `in` isn't the
 * end. */
int console_attach(int console, int in, int out, bool *left, struct fault *fault) A_MUST_CHECK;

#endif
