/*
 * Signals while programs run below us. One that somebody has sent to us is passed on to all of
 * them, so that nothing goes on running when we are told to end; one of the terminal they have got
 * already. In both cases we wait for them, and end by the signal then.
 *
 * A relay that is started while there is another, as by a program that is run on the way, passes
 * nothing on and ends nothing: what it catches the other one has caught, too, to do as it sees fit.
 */
#ifndef MIRARI_CORE_RELAY_H
#define MIRARI_CORE_RELAY_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct relay {
	int fd; /* readable when there is something for relay_pass; -1 when there is no such thing
		 */
	int caught;          /* the last signal's number; 0 while there was none */
	unsigned count;      /* of signals */
	struct relay *outer; /* the one that was there before; NULL */
	sigset_t before;
};

/* From here on SIGINT, SIGTERM and SIGHUP wait to be read, but for those that are ignored, as nohup
 * and a shell's background jobs have it. */
void relay_start(struct relay *r);

/* Reads a signal, and returns its number if it is to be passed on by kill; else 0. */
int relay_take(struct relay *r);

/* Sends the signal to a process and all that it has started, and they have, as far as /proc shows
 * them. A relay among these knows that those below it have got it too. */
void relay_pass(pid_t pid, int number);

/* Is the process `ancestor`, or below it? */
bool relay_is_below(pid_t pid, pid_t ancestor);

/* Signals are as before. With `end`, one that was caught ends us now. */
void relay_stop(struct relay *r, bool end);

#endif
