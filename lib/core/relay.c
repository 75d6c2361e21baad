#include "core/relay.h"

#include "core/fd.h"

#include <sys/signalfd.h>
#include <unistd.h>

static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

void relay_start(struct relay *r)
{
	sigset_t set;

	sigemptyset(&set);
	add_unless_ignored(&set, SIGINT);
	add_unless_ignored(&set, SIGTERM);
	add_unless_ignored(&set, SIGHUP);
	r->caught = 0;
	sigprocmask(SIG_BLOCK, &set, &r->before);
	r->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->fd < 0) /* then they end us as they always do */
		sigprocmask(SIG_SETMASK, &r->before, NULL);
}

int relay_take(struct relay *r)
{
	struct signalfd_siginfo info;

	if (read(r->fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	r->caught = (int)info.ssi_signo;
	return info.ssi_code == SI_KERNEL ? 0 : r->caught;
}

void relay_stop(struct relay *r, bool end)
{
	fd_close(&r->fd);
	sigprocmask(SIG_SETMASK, &r->before, NULL);
	if (end && r->caught)
		(void)raise(r->caught);
}
