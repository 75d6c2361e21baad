#include "host/terminalstate.h"

#include <fcntl.h>
#include <unistd.h>

void terminalstate_take(struct terminalstate *s)
{
	s->terminal = tcgetattr(STDIN_FILENO, &s->settings) == 0;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		s->flags[fd] = fcntl(fd, F_GETFL);
}

void terminalstate_put_back(const struct terminalstate *s)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (s->flags[fd] >= 0)
			(void)fcntl(fd, F_SETFL, s->flags[fd]);
	/* from the background it would stop us */
	if (s->terminal && tcgetpgrp(STDIN_FILENO) == getpgrp())
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->settings);
}
