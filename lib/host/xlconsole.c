#include "host/xlconsole.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
	LEAVES = 0x1d, /* ^] */
	PIECE = 4096,
	TYPED_MAX = 1 << 16 /* more than this isn't read before xl has taken it */
};

static int open_terminal(int *master, int *slave, struct fault *fault)
{
	struct termios settings;
	char name[64];

	*slave = -1;
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0 &&
	    ptsname_r(*master, name, sizeof name) == 0)
		*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || tcgetattr(*slave, &settings) < 0)
		return fault_errno(fault, EX_OSERR, errno, "make a pseudo-terminal");
	cfmakeraw(&settings);
	if (tcsetattr(*slave, TCSANOW, &settings) < 0)
		return fault_errno(fault, EX_OSERR, errno, "make a pseudo-terminal");
	return 0;
}

static int start_here(struct xlconsole *c, const struct strv *command, struct fault *fault)
{
	int master A_CLEANUP(fd_close) = -1, slave A_CLEANUP(fd_close) = -1;
	struct proc_io io = {.err = &c->errors, .detached = true};

	if (open_terminal(&master, &slave, fault) < 0)
		return -1;
	io.in = io.out = slave;
	if (proc_start(command, &io, &c->child, fault) < 0)
		return -1;
	c->to = c->from = master;
	master = -1;
	c->ready = true;
	return 0;
}

static int start_there(struct xlconsole *c, const struct strv *command, struct fault *fault)
{
	int in[2], out[2], result;
	struct proc_io io = {.err = &c->errors, .detached = true};

	if (pipe2(in, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		fault_errno(fault, EX_OSERR, errno, "pipe");
		fd_close(&in[0]);
		fd_close(&in[1]);
		return -1;
	}
	io.in = in[0];
	io.out = out[1];
	result = proc_start(command, &io, &c->child, fault);
	fd_close(&in[0]);
	fd_close(&out[1]);
	c->to = in[1];
	c->from = out[0];
	return result;
}

static void close_ends(struct xlconsole *c)
{
	if (c->to == c->from)
		c->to = -1;
	fd_close(&c->to);
	fd_close(&c->from);
	c->to = c->from = -1;
}

int xlconsole_start(struct xlconsole *c, const struct xenhost *h, const struct strv *arguments,
    const char *errors, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int result;

	*c = (struct xlconsole){.to = -1, .from = -1, .errors = proc_memory_file(fault)};
	if (c->errors < 0)
		return -1;
	xenhost_xl_command(h, arguments, true, errors, &command);
	result = h->place ? start_there(c, &command, fault) : start_here(c, &command, fault);
	if (result == 0 &&
	    (fcntl(c->from, F_SETFL, O_NONBLOCK) < 0 || fcntl(c->to, F_SETFL, O_NONBLOCK) < 0))
		result = fault_errno(fault, EX_OSERR, errno, "fcntl");
	if (result < 0) {
		close_ends(c);
		fd_close(&c->errors);
	}
	return result;
}

static void take_typed(struct xlconsole *c, int *in)
{
	char bytes[PIECE];
	ssize_t length = read(*in, bytes, sizeof bytes);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		*in = -1;
		return;
	}
	for (ssize_t i = 0; i < length; i++)
		if (bytes[i] != LEAVES)
			buf_addc(&c->typed, bytes[i]);
}

static void give_typed(struct xlconsole *c)
{
	struct buf rest = {0};
	ssize_t length = write(c->to, c->typed.bytes, c->typed.length);

	if (length < 0)
		return; /* EAGAIN; or nobody reads any more, which is seen elsewhere */
	buf_add(&rest, c->typed.bytes + length, c->typed.length - (size_t)length);
	buf_free(&c->typed);
	c->typed = rest;
}

/* The first byte that comes over ssh says that the terminal there doesn't echo any more. */
static int show(struct xlconsole *c, const char *bytes, size_t length, int out, struct fault *fault)
{
	if (!c->ready) {
		bool told = *bytes == XENHOST_READY;

		c->ready = true;
		bytes += told;
		length -= told;
	}
	if (out >= 0 && fd_write(out, bytes, length) < 0)
		return fault_errno(fault, EX_IOERR, errno, "write standard output");
	return 1;
}

static int take_printed(struct xlconsole *c, int out, struct fault *fault)
{
	char bytes[PIECE];
	ssize_t length = read(c->from, bytes, sizeof bytes);

	if (length > 0)
		return show(c, bytes, (size_t)length, out, fault);
	/* EIO: nobody has the terminal's other end open */
	return length < 0 && (errno == EAGAIN || errno == EINTR);
}

int xlconsole_turn(
    struct xlconsole *c, int *in, int out, int wake, int milliseconds, struct fault *fault)
{
	const bool room = c->ready && c->typed.length < TYPED_MAX;
	struct pollfd polled[] = {{.fd = c->from, .events = POLLIN},
	    {.fd = room ? *in : -1, .events = POLLIN},
	    {.fd = c->typed.length ? c->to : -1, .events = POLLOUT},
	    {.fd = wake, .events = POLLIN}};

	if (poll(polled, COUNT_OF(polled), milliseconds) <= 0)
		return 1;
	if (polled[1].revents)
		take_typed(c, in);
	if (polled[2].revents)
		give_typed(c);
	return polled[0].revents ? take_printed(c, out, fault) : 1;
}

int xlconsole_end(struct xlconsole *c, struct buf *errors, int *status, struct fault *fault)
{
	int result;

	close_ends(c);
	buf_free(&c->typed);
	result = proc_wait(&c->child, status, fault);
	if (result == 0 && lseek(c->errors, 0, SEEK_SET) < 0)
		result = fault_errno(fault, EX_OSERR, errno, "lseek");
	if (result == 0)
		result = fd_read_all(c->errors, "xl's messages", errors, fault);
	fd_close(&c->errors);
	return result;
}
