#include "host/virtchannel.h"

#include "core/fd.h"
#include "host/virterror.h"
#include "host/virtpin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ENDED = VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR };

/* libvirt has the same numbers for streams and descriptors. */
_Static_assert((int)VIR_STREAM_EVENT_READABLE == (int)VIR_EVENT_HANDLE_READABLE &&
		   (int)VIR_STREAM_EVENT_WRITABLE == (int)VIR_EVENT_HANDLE_WRITABLE &&
		   (int)VIR_STREAM_EVENT_HANGUP == (int)VIR_EVENT_HANDLE_HANGUP &&
		   (int)VIR_STREAM_EVENT_ERROR == (int)VIR_EVENT_HANDLE_ERROR,
    "events of streams and descriptors");

bool virtchannel_place(const struct virt *v, const char *uuid, struct buf *into)
{
	const char *place = strstr(buf_str(&v->uri), ":///");
	const char *own = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
	struct sockaddr_un address;

	if (!place || !virt_is_here(v) || v->driver != VIRT_QEMU)
		return false;
	/* libvirt's own directories, as its QEMU driver has them */
	if (!strncmp(place, ":///system", strlen(":///system")) && geteuid() == 0)
		buf_adds(into, "/run/libvirt");
	else if (strncmp(place, ":///session", strlen(":///session")) != 0 || geteuid() == 0)
		return false;
	else if (own && *own == '/')
		buf_printf(into, "%s/libvirt", own);
	else if (home && *home == '/')
		buf_printf(into, "%s/.cache/libvirt", home);
	else
		return false;
	buf_printf(into, "/qemu/mirari-%s.sock", uuid);
	return into->length < sizeof address.sun_path;
}

/* ---- a socket -----------------------------------------------------------------------------------
 */

/* QEMU serves one at a time, and lets others wait without a word. A name in the abstract namespace
 * (unix(7)) that is bound goes with the process that bound it. -1: somebody has it. */
static int take_guard(const char *uuid, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), length;
	struct stat st = {.st_ino = 0};

	/* two sessions may each have a domain of that name: the socket is one's own */
	(void)!stat(path, &st);
	length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
	    "mirari-console-%s-%llx-%llx", uuid, (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	if (fd >= 0 &&
	    bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) < 0)
		fd_close(&fd);
	return fd;
}

static int connect_to(const char *path, int *fd, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd >= 0 && connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
		return 0;
	if (*fd >= 0 && errno == EAGAIN)
		fault_set(fault, EX_TEMPFAIL, "%s: others wait for it already", path);
	else
		fault_errno(fault, EX_UNAVAILABLE, errno, "connect to %s", path);
	fd_close(fd);
	return -1;
}

static void on_socket(int watch, int fd, int events, void *data)
{
	struct virtchannel *c = data;

	(void)watch, (void)fd;
	c->ready(c->data, events);
}

static int open_socket(struct virtchannel *c, const char *path, const char *uuid, const char *name,
    bool force, struct fault *fault)
{
	c->guard = take_guard(uuid, path);
	if (c->guard < 0 && !force) {
		fault_set(
		    fault, EX_TEMPFAIL, "the console of %s: somebody looks at it already", name);
		return fault_hint(fault, "mirari-virt console --force %s waits for its turn", name);
	}
	if (connect_to(path, &c->fd, fault) < 0) {
		fd_close(&c->guard);
		return -1;
	}
	c->watch = virEventAddHandle(c->fd, 0, on_socket, c, NULL);
	if (c->watch >= 0)
		return 0;
	fd_close(&c->fd);
	fd_close(&c->guard);
	return virterror_fault(fault, "watch the console of %s", name);
}

/* ---- a stream -----------------------------------------------------------------------------------
 */

static void on_stream(virStreamPtr stream, int events, void *data)
{
	struct virtchannel *c = data;

	(void)stream;
	c->ready(c->data, events);
}

static int refused(const char *name, bool force, struct fault *fault)
{
	const virError *error = virGetLastError();

	virterror_fault(fault, "the console of %s", name);
	if (force || !error || error->code != VIR_ERR_OPERATION_FAILED)
		return -1;
	fault->status = EX_TEMPFAIL;
	return fault_hint(fault, "mirari-virt console --force %s takes it from who has it", name);
}

static int open_stream(struct virtchannel *c, const struct virt *v, virDomainPtr domain,
    const char *name, bool force, struct fault *fault)
{
	if (virtpin(domain, fault) < 0)
		return -1;
	c->stream = virStreamNew(v->connection, VIR_STREAM_NONBLOCK);
	if (!c->stream)
		return virterror_fault(fault, "a stream for the console of %s", name);
	if (virDomainOpenConsole(domain, NULL, c->stream, force ? VIR_DOMAIN_CONSOLE_FORCE : 0) <
	    0) {
		refused(name, force, fault);
	} else if (virStreamEventAddCallback(c->stream, ENDED, on_stream, c, NULL) < 0) {
		virterror_fault(fault, "watch the console of %s", name);
		(void)virStreamAbort(c->stream);
	} else {
		return 0;
	}
	(void)virStreamFree(c->stream);
	c->stream = NULL;
	return -1;
}

/* ---- either -------------------------------------------------------------------------------------
 */

int virtchannel_open(struct virtchannel *c, const struct virt *v, virDomainPtr domain, bool force,
    struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	const char *name = virDomainGetName(domain);
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct stat st;
	int result;

	if (virDomainGetUUIDString(domain, uuid) < 0)
		return virterror_fault(fault, "the UUID of %s", name);
	c->events = 0;
	c->fd = c->watch = c->guard = -1;
	if (virtchannel_place(v, uuid, &path) && stat(buf_str(&path), &st) == 0 &&
	    S_ISSOCK(st.st_mode))
		result = open_socket(c, buf_str(&path), uuid, name, force, fault);
	else
		result = open_stream(c, v, domain, name, force, fault);
	c->open = result == 0;
	return result;
}

void virtchannel_close(struct virtchannel *c)
{
	if (!c->open)
		return;
	c->open = false;
	if (c->stream) {
		(void)virStreamEventRemoveCallback(c->stream);
		(void)virStreamAbort(c->stream);
		(void)virStreamFree(c->stream);
		c->stream = NULL;
		return;
	}
	(void)virEventRemoveHandle(c->watch);
	fd_close(&c->fd);
	fd_close(&c->guard);
}

void virtchannel_want(struct virtchannel *c, int events)
{
	/* an end is told of again and again until it is read */
	if (events & VIR_STREAM_EVENT_READABLE)
		events |= ENDED;
	if (!c->open || events == c->events)
		return;
	c->events = events;
	if (!c->stream)
		virEventUpdateHandle(c->watch, events);
	else
		(void)virStreamEventUpdateCallback(c->stream, events ? events : ENDED);
}

/* An end comes as one, or as an error when what it was read from has gone. */
int virtchannel_read(struct virtchannel *c, char *into, size_t length)
{
	ssize_t n;

	if (c->stream) {
		int got = virStreamRecv(c->stream, into, length);

		return got == -1 ? 0 : got;
	}
	n = read(c->fd, into, length);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? VIRTCHANNEL_LATER : 0;
	return (int)n;
}

int virtchannel_write(struct virtchannel *c, const char *bytes, size_t length)
{
	ssize_t n;

	if (c->stream) {
		int sent = virStreamSend(c->stream, bytes, length);

		return sent == -1 ? 0 : sent;
	}
	n = send(c->fd, bytes, length, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? VIRTCHANNEL_LATER : 0;
	return (int)n;
}
