/*
 * A terminal while a console is looked at: ^] ends a line, too. Settings are as before when it
 * ends, when a signal ends us, and while we are stopped. State is the process's: one at a time.
 */
#ifndef MIRARI_HOST_TYPING_H
#define MIRARI_HOST_TYPING_H

#include <stdbool.h>

enum { TYPING_LEAVE = 0x1d }; /* ^] */

/* False when the descriptor is no terminal: nothing is done then, and nothing to be stopped. */
bool typing_start(int fd);
void typing_stop(void);

#endif
