/* The standard descriptors before a program that changes them, as QEMU does: the terminal's
 * settings, and whether they block. It puts them back at its end, unless it is killed. */
#ifndef MIRARI_HOST_TERMINALSTATE_H
#define MIRARI_HOST_TERMINALSTATE_H

#include <stdbool.h>
#include <termios.h>

struct terminalstate {
	bool terminal; /* standard input is one */
	struct termios settings;
	int flags[3]; /* F_GETFL; -1: none */
};

void terminalstate_take(struct terminalstate *s);

/* Nothing is done to a terminal that is another job's. */
void terminalstate_put_back(const struct terminalstate *s);

#endif
