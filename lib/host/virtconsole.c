#include "host/virtconsole.h"

#include "core/fd.h"
#include "host/typing.h"
#include "host/virterror.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK = 1 << 16,
	AT_ONCE = 4096, /* a pipe that has room at all takes so much without waiting (PIPE_BUF) */
	INTERRUPT = 0x03 /* ^C */
};

/* ---- what the guest prints ----------------------------------------------------------------------
 */

static void keep_tail(struct virtconsole *c, const char *bytes, size_t length)
{
	size_t kept = c->tail_length;

	if (length > VIRTCONSOLE_TAIL) {
		bytes += length - VIRTCONSOLE_TAIL;
		length = VIRTCONSOLE_TAIL;
	}
	if (kept > VIRTCONSOLE_TAIL - length)
		kept = VIRTCONSOLE_TAIL - length;
	memmove(c->tail, c->tail + c->tail_length - kept, kept);
	memcpy(c->tail + kept, bytes, length);
	c->tail_length = kept + length;
}

static void take_off(struct buf *b, size_t length)
{
	memmove(b->bytes, b->bytes + length, b->length - length);
	b->length -= length;
}

static void want_stream(struct virtconsole *c)
{
	int events = VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR;

	if (!c->stream)
		return;
	if (!c->shown.length)
		events |= VIR_STREAM_EVENT_READABLE;
	if (c->typed.length)
		events |= VIR_STREAM_EVENT_WRITABLE;
	if (events != c->stream_events && virStreamEventUpdateCallback(c->stream, events) == 0)
		c->stream_events = events;
}

static void want_out(const struct virtconsole *c)
{
	int events = VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP;

	if (c->out_watch >= 0)
		virEventUpdateHandle(
		    c->out_watch, events | (c->shown.length ? VIR_EVENT_HANDLE_WRITABLE : 0));
}

static void go_deaf(struct virtconsole *c)
{
	c->deaf = true;
	buf_clear(&c->shown);
	if (c->out_watch >= 0)
		(void)virEventRemoveHandle(c->out_watch);
	c->out_watch = -1;
}

/* Writes what can be written without waiting: who waits answers nobody, libvirtd neither. */
static void show(struct virtconsole *c)
{
	struct pollfd out = {.fd = c->out, .events = POLLOUT};

	while (c->shown.length && poll(&out, 1, 0) == 1) {
		size_t length = c->shown.length < AT_ONCE ? c->shown.length : AT_ONCE;
		ssize_t n = write(c->out, c->shown.bytes, length);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			go_deaf(c);
			break;
		}
		take_off(&c->shown, (size_t)n);
	}
	want_out(c);
	want_stream(c);
}

static void on_out(int watch, int fd, int events, void *data)
{
	struct virtconsole *c = data;

	(void)watch, (void)fd;
	if (events & VIR_EVENT_HANDLE_WRITABLE)
		show(c);
	else
		go_deaf(c);
	want_stream(c);
}

/* ---- what is typed ------------------------------------------------------------------------------
 */

static void send_typed(struct virtconsole *c)
{
	int n;

	if (!c->stream || !c->typed.length)
		return;
	n = virStreamSend(c->stream, buf_str(&c->typed), c->typed.length);
	if (n > 0)
		take_off(&c->typed, (size_t)n);
	/* -2: not now. That it has gone is seen when reading. */
	if (n == -1)
		buf_clear(&c->typed);
}

static void want_in(const struct virtconsole *c)
{
	if (c->in_watch >= 0)
		virEventUpdateHandle(
		    c->in_watch, c->typed.length || c->in_ended ? 0 : VIR_EVENT_HANDLE_READABLE);
}

static void end_in(struct virtconsole *c)
{
	c->in_ended = true;
	if (c->in_watch >= 0)
		(void)virEventRemoveHandle(c->in_watch);
	c->in_watch = -1;
}

static void on_in(int watch, int fd, int events, void *data)
{
	struct virtconsole *c = data;
	char bytes[AT_ONCE];
	ssize_t n = read(fd, bytes, sizeof bytes);

	(void)watch, (void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_in(c);
		return;
	}
	for (ssize_t i = 0; i < n && c->terminal; i++) {
		c->left = c->left || bytes[i] == TYPING_LEAVE;
		if (bytes[i] == INTERRUPT && c->interrupts)
			c->interrupted = true;
		if (c->left || c->interrupted)
			n = i;
	}
	buf_add(&c->typed, bytes, (size_t)n);
	send_typed(c);
	want_in(c);
	want_stream(c);
}

/* ---- the stream ---------------------------------------------------------------------------------
 */

void virtconsole_drop(struct virtconsole *c)
{
	if (!c->stream)
		return;
	(void)virStreamEventRemoveCallback(c->stream);
	(void)virStreamAbort(c->stream);
	(void)virStreamFree(c->stream);
	c->stream = NULL;
	buf_clear(&c->typed);
	want_in(c);
}

/* The end comes as one, or as an error when what it was read from has gone. */
static void receive(struct virtconsole *c)
{
	while (!c->shown.length) {
		char *end = buf_reserve(&c->shown, CHUNK);
		int n = end ? virStreamRecv(c->stream, end, CHUNK) : -1;

		if (n == -2)
			break;
		c->moved = true;
		if (n <= 0) {
			virtconsole_drop(c);
			return;
		}
		keep_tail(c, end, (size_t)n);
		if (c->deaf)
			continue;
		buf_grew(&c->shown, (size_t)n);
		show(c);
	}
}

static void on_stream(virStreamPtr stream, int events, void *data)
{
	struct virtconsole *c = data;

	(void)stream;
	if (events & VIR_STREAM_EVENT_WRITABLE) {
		send_typed(c);
		want_in(c);
	}
	if (events & (VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR))
		receive(c);
	want_stream(c);
}

static int open_fault(struct fault *fault, const char *name, bool force)
{
	const virError *error = virGetLastError();

	virterror_fault(fault, "the console of %s", name);
	if (!force && error && error->code == VIR_ERR_OPERATION_FAILED) {
		fault->status = EX_TEMPFAIL;
		return fault_hint(
		    fault, "mirari-virt console --force %s takes it from who has it", name);
	}
	return -1;
}

int virtconsole_open(struct virtconsole *c, virConnectPtr connection, virDomainPtr domain,
    bool force, struct fault *fault)
{
	const char *name = virDomainGetName(domain);

	c->stream = virStreamNew(connection, VIR_STREAM_NONBLOCK);
	if (!c->stream)
		return virterror_fault(fault, "a stream for the console");
	if (virDomainOpenConsole(
		domain, NULL, c->stream, force ? VIR_DOMAIN_CONSOLE_FORCE : 0) < 0) {
		open_fault(fault, name, force);
		(void)virStreamFree(c->stream);
		c->stream = NULL;
		return -1;
	}
	c->stream_events = VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR;
	if (virStreamEventAddCallback(c->stream, c->stream_events, on_stream, c, NULL) < 0) {
		virterror_fault(fault, "the console of %s", name);
		(void)virStreamAbort(c->stream);
		(void)virStreamFree(c->stream);
		c->stream = NULL;
		return -1;
	}
	send_typed(c);
	want_stream(c);
	return 0;
}

/* ---- our own ends -------------------------------------------------------------------------------
 */

/* A job in the background isn't typed to, and is stopped when it tries. */
static bool may_read(int fd)
{
	return !isatty(fd) || tcgetpgrp(fd) == getpgrp();
}

void virtconsole_pause(struct virtconsole *c)
{
	if (c->terminal)
		typing_stop();
	c->terminal = false;
}

void virtconsole_resume(struct virtconsole *c)
{
	c->terminal = c->in_watch >= 0 && may_read(c->in) && typing_start_raw(c->in);
}

int virtconsole_start(struct virtconsole *c, struct fault *fault)
{
	c->in_watch = c->out_watch = -1;
	c->out_watch = virEventAddHandle(
	    c->out, VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP, on_out, c, NULL);
	if (c->out_watch < 0)
		return virterror_fault(fault, "watch the output");
	if (may_read(c->in))
		c->in_watch = virEventAddHandle(c->in, VIR_EVENT_HANDLE_READABLE, on_in, c, NULL);
	virtconsole_resume(c);
	return 0;
}

void virtconsole_end(struct virtconsole *c)
{
	virtconsole_drop(c);
	end_in(c);
	virtconsole_pause(c);
	if (c->out_watch >= 0)
		(void)virEventRemoveHandle(c->out_watch);
	c->out_watch = -1;
	buf_free(&c->typed);
	buf_free(&c->shown);
}

bool virtconsole_is_done(const struct virtconsole *c)
{
	return !c->stream && !c->shown.length;
}
