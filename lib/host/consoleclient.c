#include "host/consoleclient.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/fd.h"
#include "core/num.h"
#include "core/screen.h"
#include "host/consoleaddress.h"
#include "host/typing.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	ANSWER_MS = 5000, /* how long a supervisor may take to greet us */
	GREETING_MAX = 96,
	CHUNK = 1 << 16
};

static const char greeting[] = "mirari-console ";

static bool next_number(char **text, char end, uint64_t *number)
{
	char *behind = strchr(*text, end);

	if (!behind)
		return false;
	*behind = '\0';
	if (num_parse(*text, 0, UINT64_MAX, number) != NUM_OK)
		return false;
	*text = behind + 1;
	return true;
}

static int parse_greeting(char *text, const char *name, struct logplace *from, struct fault *fault)
{
	char *rest = text + sizeof greeting - 1;

	if (strncmp(text, greeting, sizeof greeting - 1) != 0 ||
	    !next_number(&rest, '.', &from->device) || !next_number(&rest, '.', &from->inode) ||
	    !next_number(&rest, '\n', &from->offset))
		return fault_set(fault, EX_DATAERR, "%s: no supervisor of ours answers", name);
	return 0;
}

static int no_answer(const char *name, struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "%s: its supervisor doesn't answer", name);
}

/* Reads the first line, and nothing behind it. */
static int read_greeting(int fd, const char *name, struct logplace *from, struct fault *fault)
{
	const int64_t end = clock_ms() + ANSWER_MS;
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	char text[GREETING_MAX];
	size_t length = 0;

	while (length < sizeof text - 1) {
		int64_t left = end - clock_ms();
		ssize_t n;

		if (left <= 0 || poll(&answer, 1, (int)left) == 0)
			return no_answer(name, fault);
		n = recv(fd, text + length, 1, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return fault_errno(fault, 0, errno, "read %s", name);
		if (n == 0)
			return fault_set(fault, EXIT_NO, "%s: has just ended", name);
		if (text[length++] == '\n')
			break;
	}
	text[length] = '\0';
	return parse_greeting(text, name, from, fault);
}

int console_connect(int dir, const char *name, struct logplace *from, struct fault *fault)
{
	/* connecting waits, too, where others wait already */
	const struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
	struct sockaddr_un address;
	int fd = -1;

	if (console_address(dir, name, &address, fault) < 0 || (fd = console_socket(0, fault)) < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	while (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == ENOENT || errno == ECONNREFUSED)
			fault_set(fault, EXIT_NO, "%s: nobody listens there", name);
		else if (errno == EAGAIN)
			no_answer(name, fault);
		else
			fault_errno(fault, 0, errno, "connect to %s", name);
		fd_close(&fd);
		return -1;
	}
	if (read_greeting(fd, name, from, fault) < 0)
		fd_close(&fd);
	return fd;
}

/* ---- copying ------------------------------------------------------------------------------------
 */

struct attached {
	int console;
	struct console_ends *ends;
	struct screen screen;
	struct buf typed; /* what the console hasn't taken yet */
	bool in_ended;
	bool done;
};

/* What can't be written since nobody reads it is our end, and no fault. */
static int show(struct attached *a, const struct buf *text, struct fault *fault)
{
	if (!text->length || fd_write(a->ends->out, text->bytes, text->length) == 0)
		return 0;
	a->done = true;
	return errno == EPIPE ? 0 : fault_errno(fault, EX_IOERR, errno, "write the output");
}

static int take_output(struct attached *a, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0}, fit A_CLEANUP(buf_free) = {0};
	char *end = buf_reserve(&text, CHUNK);
	ssize_t n = end ? recv(a->console, end, CHUNK, MSG_DONTWAIT) : -1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		/* a supervisor that was killed resets the connection */
		a->done = true;
		return 0;
	}
	buf_grew(&text, (size_t)n);
	if (!a->ends->screen)
		return show(a, &text, fault);
	screen_add(&a->screen, &fit, text.bytes, text.length);
	return show(a, &fit, fault);
}

static void send_typed(struct attached *a)
{
	ssize_t n =
	    send(a->console, buf_str(&a->typed), a->typed.length, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n <= 0)
		return; /* that it has gone is seen when reading */
	a->typed.length -= (size_t)n;
	memmove(a->typed.bytes, a->typed.bytes + n, a->typed.length);
}

static void take_input(struct attached *a, short events)
{
	char bytes[4096];
	const char *leave;
	ssize_t n = read(a->ends->in, bytes, sizeof bytes);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* a terminal's ^D ends nothing; one that has hung up has no more to say */
	if (n <= 0) {
		a->in_ended = !a->ends->terminal || n < 0 || (events & (POLLHUP | POLLERR));
		return;
	}
	leave = a->ends->terminal ? memchr(bytes, TYPING_LEAVE, (size_t)n) : NULL;
	if (leave) {
		const char *line = memrchr(bytes, '\n', (size_t)(leave - bytes));

		n = line ? line + 1 - bytes : 0;
		a->ends->left = a->done = true;
	}
	buf_add(&a->typed, bytes, (size_t)n);
	if (a->typed.length)
		send_typed(a);
}

static int serve(struct attached *a, struct fault *fault)
{
	struct pollfd polls[] = {
	    {.fd = a->console, .events = (short)(POLLIN | (a->typed.length ? POLLOUT : 0))},
	    /* what isn't taken there isn't read here */
	    {.fd = a->in_ended || a->typed.length ? -1 : a->ends->in, .events = POLLIN},
	    {.fd = a->ends->out, .events = 0},
	};

	if (poll(polls, COUNT_OF(polls), -1) < 0)
		return errno == EINTR ? 0 : fault_errno(fault, 0, errno, "poll");
	if (polls[0].revents & POLLOUT)
		send_typed(a);
	if ((polls[0].revents & (POLLIN | POLLHUP | POLLERR)) && take_output(a, fault) < 0)
		return -1;
	if (polls[1].revents)
		take_input(a, polls[1].revents);
	if (polls[2].revents & (POLLERR | POLLHUP | POLLNVAL))
		a->done = true;
	return 0;
}

int console_attach(int console, struct console_ends *ends, struct fault *fault)
{
	struct attached a = {.console = console, .ends = ends};
	struct buf rest A_CLEANUP(buf_free) = {0};
	int result = 0;

	ends->left = false;
	while (!a.done && result == 0)
		result = serve(&a, fault);
	screen_end(&a.screen, &rest);
	if (result == 0)
		result = show(&a, &rest, fault);
	buf_free(&a.typed);
	return result;
}
