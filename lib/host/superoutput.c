#include "host/superoutput.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, IN = LOG_STREAMS, CONSOLE = IN + 1 };

int superoutput_open(
    struct superoutput *o, const struct instances *store, const char *name, struct fault *fault)
{
	struct stat st;

	o->logs = instances_open_logs(store, fault);
	if (o->logs < 0)
		return fault->status ? -1
				     : fault_set(fault, EX_CANTCREAT, "%s isn't there any more",
					   buf_str(&store->logs));
	buf_printf(&o->log_name, "%s.log", name);
	buf_printf(&o->console_name, "%s.console", name);
	o->log_was_there = fstatat(o->logs, buf_str(&o->log_name), &st, AT_SYMLINK_NOFOLLOW) == 0;
	o->log.dir = o->logs;
	o->log.name = buf_str(&o->log_name);
	o->console.dir = store->dir;
	o->console.name = buf_str(&o->console_name);
	o->console.log = &o->log;
	o->typed.max = SUPEROUTPUT_TYPED_MAX;
	if (instancelog_open(&o->log, fault) < 0)
		return -1;
	if (console_open(&o->console, fault) < 0) {
		instancelog_close(&o->log);
		return -1;
	}
	o->open = true;
	return 0;
}

void superoutput_close(struct superoutput *o)
{
	if (o->open) {
		console_close(&o->console);
		instancelog_close(&o->log);
	}
	o->open = false;
	fd_close(&o->logs);
	buf_free(&o->log_name);
	buf_free(&o->console_name);
	buf_free(&o->typed);
}

void superoutput_note(struct superoutput *o, const char *format, ...)
{
	struct buf line A_CLEANUP(buf_free) = {0};
	struct fault lost; /* it counts what is missing itself */
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_printf(&line, "mirari: %s\n", text);
	if (instancelog_note(&o->log, &lost, "%s", text) < 0)
		buf_printf(&line, "mirari: (not in the log: %s)\n", lost.text);
	console_send(&o->console, buf_str(&line), line.length);
}

void superoutput_end(struct superoutput *o)
{
	struct fault lost;

	if (instancelog_end(&o->log, &lost) < 0)
		console_send(&o->console, "\n", 1);
	buf_clear(&o->typed);
}

size_t superoutput_polls(
    const struct superoutput *o, const struct program *p, struct pollfd polls[SUPEROUTPUT_POLLS])
{
	size_t count;

	for (enum log_stream i = 0; i < LOG_STREAMS; i++)
		polls[i] = (struct pollfd){.fd = p->out[i], .events = POLLIN};
	/* without anything for it, one that nobody reads would answer for ever */
	polls[IN] = (struct pollfd){.fd = o->typed.length ? p->in : -1, .events = POLLOUT};
	count = console_polls(&o->console, polls + CONSOLE);
	/* who types faster than the program reads waits */
	for (size_t i = CONSOLE + 1;
	     o->typed.length >= SUPEROUTPUT_TYPED_MAX / 2 && i < CONSOLE + count; i++)
		polls[i].events &= (short)~POLLIN;
	return CONSOLE + count;
}

/* One read of each, so that nothing else waits for long. */
static void copy(struct superoutput *o, struct program *p, enum log_stream stream)
{
	static char bytes[READ_BYTES];
	ssize_t n = read(p->out[stream], bytes, sizeof bytes);
	struct fault lost;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fd_close(&p->out[stream]);
		return;
	}
	/* in this order: the console begins where the log ended (host/console.h) */
	if (instancelog_add(&o->log, stream, bytes, (size_t)n, &lost) < 0)
		lost.status = 0; /* it counts that itself */
	console_send(&o->console, bytes, (size_t)n);
}

static void feed(struct superoutput *o, struct program *p)
{
	ssize_t n = o->typed.length ? write(p->in, o->typed.bytes, o->typed.length) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		/* it reads nothing any more */
		fd_close(&p->in);
		buf_clear(&o->typed);
	}
	if (n <= 0)
		return;
	o->typed.length -= (size_t)n;
	memmove(o->typed.bytes, o->typed.bytes + n, o->typed.length);
}

static void take_typed(void *data, const void *bytes, size_t length)
{
	struct buf *typed = data;
	size_t room = SUPEROUTPUT_TYPED_MAX - typed->length;

	buf_add(typed, bytes, length < room ? length : room);
}

void superoutput_serve(struct superoutput *o, struct program *p,
    const struct pollfd polls[SUPEROUTPUT_POLLS], size_t count)
{
	for (enum log_stream i = 0; i < LOG_STREAMS; i++)
		if (polls[i].revents)
			copy(o, p, i);
	console_serve(&o->console, polls + CONSOLE, count - CONSOLE, take_typed, &o->typed);
	if (p->in < 0)
		buf_clear(&o->typed);
	else
		feed(o, p);
}
