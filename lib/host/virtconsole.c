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
	AT_ONCE = 4096,  /* a pipe that has room at all takes so much without waiting (PIPE_BUF) */
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

static void want_channel(struct virtconsole *c)
{
	virtchannel_want(&c->channel, (c->shown.length ? 0 : VIR_STREAM_EVENT_READABLE) |
					  (c->typed.length ? VIR_STREAM_EVENT_WRITABLE : 0));
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
	want_channel(c);
}

static void on_out(int watch, int fd, int events, void *data)
{
	struct virtconsole *c = data;

	(void)watch, (void)fd;
	if (events & VIR_EVENT_HANDLE_WRITABLE)
		show(c);
	else
		go_deaf(c);
	want_channel(c);
}

/* ---- what is typed ------------------------------------------------------------------------------
 */

static void send_typed(struct virtconsole *c)
{
	int n;

	if (!c->channel.open || !c->typed.length)
		return;
	n = virtchannel_write(&c->channel, buf_str(&c->typed), c->typed.length);
	if (n > 0)
		take_off(&c->typed, (size_t)n);
	/* that it has gone is seen when reading */
	else if (n != VIRTCHANNEL_LATER)
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
	want_channel(c);
}

/* ---- what carries both --------------------------------------------------------------------------
 */

void virtconsole_drop(struct virtconsole *c)
{
	virtchannel_close(&c->channel);
	buf_clear(&c->typed);
	want_in(c);
}

static void receive(struct virtconsole *c)
{
	while (c->channel.open && !c->shown.length) {
		char *end = buf_reserve(&c->shown, CHUNK);
		int n = end ? virtchannel_read(&c->channel, end, CHUNK) : 0;

		if (n == VIRTCHANNEL_LATER)
			break;
		c->moved = true;
		if (n <= 0) {
			virtconsole_drop(c);
			break;
		}
		keep_tail(c, end, (size_t)n);
		if (c->deaf)
			continue;
		buf_grew(&c->shown, (size_t)n);
		show(c);
	}
}

static void on_channel(void *data, int events)
{
	struct virtconsole *c = data;

	if (events & VIR_STREAM_EVENT_WRITABLE) {
		send_typed(c);
		want_in(c);
	}
	if (events & ~VIR_STREAM_EVENT_WRITABLE)
		receive(c);
	want_channel(c);
}

int virtconsole_open(struct virtconsole *c, const struct virt *v, virDomainPtr domain, bool force,
    struct fault *fault)
{
	c->channel.ready = on_channel;
	c->channel.data = c;
	if (virtchannel_open(&c->channel, v, domain, force, fault) < 0)
		return -1;
	send_typed(c);
	want_channel(c);
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
	return !c->channel.open && !c->shown.length;
}
