#include "host/typing.h"

#include "core/attr.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <termios.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* Handlers have no other way to it. They use only what signal-safety(7) lists. */
static struct {
	int fd;
	struct termios before;
	struct sigaction actions[COUNT_OF(ending)];
	bool raw;
} terminal;

static void set_leaving(void)
{
	struct termios now;

	if (tcgetattr(terminal.fd, &terminal.before) < 0)
		return;
	now = terminal.before;
	now.c_cc[VEOL] = TYPING_LEAVE;
	if (terminal.raw) {
		now.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON | PARMRK);
		now.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
		now.c_cc[VMIN] = 1;
		now.c_cc[VTIME] = 0;
	}
	tcsetattr(terminal.fd, TCSANOW, &now);
}

static void set_back(void)
{
	tcsetattr(terminal.fd, TCSANOW, &terminal.before);
}

static void on_signal(int number);

static void handle(int number)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* Does what the signal would have done without us, with the terminal as it was. Only a stop comes
 * back from that. */
static void on_signal(int number)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	int error = errno;
	sigset_t one;

	set_back();
	sigemptyset(&standard.sa_mask);
	sigaction(number, &standard, NULL);
	raise(number);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	handle(number);
	set_leaving();
	errno = error;
}

static bool start(int fd, bool raw)
{
	if (tcgetattr(fd, &terminal.before) < 0)
		return false;
	terminal.fd = fd;
	terminal.raw = raw;
	for (size_t i = 0; i < COUNT_OF(ending); i++) {
		sigaction(ending[i], NULL, &terminal.actions[i]);
		if (terminal.actions[i].sa_handler != SIG_IGN)
			handle(ending[i]);
	}
	set_leaving();
	return true;
}

bool typing_start(int fd)
{
	return start(fd, false);
}

bool typing_start_raw(int fd)
{
	return start(fd, true);
}

void typing_stop(void)
{
	set_back();
	for (size_t i = 0; i < COUNT_OF(ending); i++)
		sigaction(ending[i], &terminal.actions[i], NULL);
}
