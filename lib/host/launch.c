#include "host/launch.h"

#include "core/fd.h"
#include "core/lineread.h"
#include "core/proc.h"
#include "core/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, STEP = 1 << 16 };

/* Is the record whole? Its empty line ends it. */
static bool is_whole(const struct buf *text)
{
	return *buf_str(text) == '\n' || strstr(buf_str(text), "\n\n");
}

/* Takes what can be read now. At its end, and when it is too much, the descriptor is closed. */
static void take(int *fd, struct buf *into)
{
	while (*fd >= 0) {
		char *end = buf_reserve(into, STEP);
		ssize_t n = end ? read(*fd, end, STEP) : 0;

		if (n > 0)
			buf_grew(into, (size_t)n);
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n == 0 || errno != EINTR)
			fd_close(fd);
	}
}

/* Reads until the record is whole, or the program has ended (something that it has started may hold
 * the pipe for longer), or a signal tells us to end. True when it has ended. */
static bool receive(int *fd, const struct child *child, struct relay *relay, struct buf *into)
{
	for (;;) {
		struct pollfd polled[] = {{.fd = *fd, .events = POLLIN},
		    {.fd = relay->fd, .events = POLLIN}, {.fd = child->ended, .events = POLLIN}};
		bool ended;

		if (poll(polled, COUNT_OF(polled), child->ended < 0 ? WITHOUT_PIDFD_MS : -1) > 0 &&
		    polled[1].revents)
			relay_take(relay);
		ended = proc_has_ended(child); /* looked at before what it wrote is */
		take(fd, into);
		if (ended || relay->caught || is_whole(into) || buf_over(into))
			return ended;
	}
}

static int parse(const char *name, const struct buf *text, struct rec *answer, struct fault *fault)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	int file A_CLEANUP(fd_close) = proc_memory_file_of(text, fault);
	int got;

	if (file < 0)
		return -1;
	lineread_start(&from, file, name);
	got = rec_read(answer, &from, fault);
	if (got == 0)
		return fault_set(fault, EX_DATAERR, "%s: ended without saying that it runs", name);
	return got < 0 ? -1 : 0;
}

/* It has written something else, or we are to end: so is all that it has started. Not by the signal
 * that we have got: what a shell has put into the background ignores the terminal's. */
static void end(struct child *child)
{
	struct fault ignored;
	int status;

	relay_pass(child->pid, SIGTERM);
	if (proc_wait(child, &status, &ignored) < 0)
		return; /* somebody else has reaped it */
}

/* What has become of it? */
static int judge(const char *name, struct child *child, bool ended, const struct buf *text,
    struct rec *answer, int *status, struct fault *fault)
{
	int result;

	*status = 0;
	if (ended && !is_whole(text)) {
		if (proc_wait(child, status, fault) < 0)
			return -1;
		if (*status)
			return 0;
	}
	result = parse(name, text, answer, fault);
	if (result < 0 && !ended)
		end(child);
	return result;
}

/* A file in memory with the record, or -1 when there is none. */
static int input_of(const struct rec *input, int *fd, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!input)
		return 0;
	rec_write(input, &text);
	*fd = proc_memory_file_of(&text, fault);
	return *fd < 0 ? -1 : 0;
}

int launch_detached(const struct strv *command, const char *dir, const struct rec *input,
    struct rec *answer, int *status, struct fault *fault)
{
	int in A_CLEANUP(fd_close) = -1;
	struct buf text A_CLEANUP(buf_free) = {.max = ANSWER_MAX};
	struct proc_io io = {.detached = true, .dir = dir};
	struct child child = {.ended = -1};
	struct relay relay;
	int fds[2], result;

	if (input_of(input, &in, fault) < 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	relay_start(&relay);
	io.in = in;
	io.out = fds[1];
	result = proc_start(command, &io, &child, fault);
	fd_close(&fds[1]);
	if (result == 0) {
		bool ended = receive(&fds[0], &child, &relay, &text);

		if (!relay.caught)
			result =
			    judge(command->items[0], &child, ended, &text, answer, status, fault);
		else if (!ended)
			end(&child);
	}
	fd_close(&child.ended);
	fd_close(&fds[0]);
	relay_stop(&relay, true);
	return result;
}
