/*
 * A terminal while a console is looked at. Settings are as before when it ends, when a signal ends
 * us, and while we are stopped. State is the process's: one at a time.
 */
#ifndef MIRARI_HOST_TYPING_H
#define MIRARI_HOST_TYPING_H

#include <stdbool.h>

enum { TYPING_LEAVE = 0x1d }; /* ^] */

/* The terminal echoes and edits lines as ever; ^] ends a line, too. False when the descriptor is no
 * terminal: nothing is done then, and nothing to be stopped. */
bool typing_start(int fd);

/* For what has a terminal at its own end: each byte comes as it is typed, ^C too, and the other end
 * echoes it. What is printed still has its line ends made for a terminal. */
bool typing_start_raw(int fd);

void typing_stop(void);

#endif
