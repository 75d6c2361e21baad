/*
 * The console of an instance: a socket, NAME.console in the state directory (host/instance.h),
 * where its supervisor sends what the program prints as it comes, and takes what is typed to the
 * program's standard input. Any number of clients of the same user (or root) at a time, up to
 * CONSOLE_CLIENTS_MAX, others wait; one that doesn't read loses what doesn't fit into its socket,
 * and nobody waits for it: once it reads again, a line says so.
 *
 * The protocol: the supervisor begins with one line,
 *
 *     mirari-console DEVICE.INODE.OFFSET LF
 *
 * which is where the log ended when the client was taken (0.0.0 when there is none): what is in the
 * log up to there isn't sent, all that comes behind is. From then on it is bytes, both ways; the
 * first ones are the lines that the program had begun. The end of a client's bytes means nothing
 * (it may only listen). The supervisor closes when the instance ends. The client is
 * host/consoleclient.h.
 */
#ifndef MIRARI_HOST_CONSOLE_H
#define MIRARI_HOST_CONSOLE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/instancelog.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONSOLE_CLIENTS_MAX = 32, CONSOLE_POLLS = CONSOLE_CLIENTS_MAX + 1 };

struct console_client {
	int fd;
	bool silent; /* its bytes have ended */
	bool lost;   /* it has lost some of ours */
};

struct console {
	int dir;          /* borrowed: the state directory */
	const char *name; /* borrowed: NAME.console */
	const struct instancelog
	    *log; /* borrowed: what is sent is added to it first; may be NULL */
	/* the module's own */
	int listening;
	struct console_client clients[CONSOLE_CLIENTS_MAX];
	size_t count;
};

/* Listens; a socket that nobody listens at any more is replaced. EX_TEMPFAIL: somebody does. */
int console_open(struct console *c, struct fault *fault) A_MUST_CHECK;
void console_close(struct console *c); /* and removes it; may be called twice */

/* What the program has printed, to all. Never waits. */
void console_send(struct console *c, const void *bytes, size_t length);

/* For the supervisor's loop: fills `polls` (CONSOLE_POLLS of them) with what is to be waited for
 * and returns how many; then, with their answers, takes new clients, drops those that have gone,
 * and gives what they typed to `typed`. */
size_t console_polls(const struct console *c, struct pollfd *polls);
void console_serve(struct console *c, const struct pollfd *polls, size_t count,
    void (*typed)(void *data, const void *bytes, size_t length), void *data);

#endif
