#include "host/console.h"

#include "core/fd.h"
#include "host/consoleaddress.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char lost_text[] = "\r\n[mirari: some of the output is missing here]\r\n";

/* Whoever had the socket before may have been killed: then nobody answers. */
static bool is_listened_at(const struct sockaddr_un *address)
{
	struct fault ignored;
	int fd A_CLEANUP(fd_close) = console_socket(SOCK_NONBLOCK, &ignored);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
			      errno == EAGAIN);
}

static int bind_to(struct console *c, const struct sockaddr_un *address, struct fault *fault)
{
	const struct sockaddr *a = (const struct sockaddr *)address;

	if (bind(c->listening, a, sizeof *address) == 0)
		return 0;
	if (errno == EADDRINUSE) {
		if (is_listened_at(address))
			return fault_set(
			    fault, EX_TEMPFAIL, "%s: somebody listens there already", c->name);
		if ((unlinkat(c->dir, c->name, 0) == 0 || errno == ENOENT) &&
		    bind(c->listening, a, sizeof *address) == 0)
			return 0;
	}
	return fault_errno(
	    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "listen at %s", c->name);
}

int console_open(struct console *c, struct fault *fault)
{
	struct sockaddr_un address;

	c->count = 0;
	c->listening = console_socket(SOCK_NONBLOCK, fault);
	if (c->listening < 0)
		return -1;
	/* before there is anything to connect to: bind takes the mode over */
	if (fchmod(c->listening, 0600) < 0)
		fault_errno(fault, 0, errno, "socket");
	else if (console_address(c->dir, c->name, &address, fault) == 0 &&
		 bind_to(c, &address, fault) == 0) {
		if (listen(c->listening, CONSOLE_CLIENTS_MAX) == 0)
			return 0;
		fault_errno(fault, 0, errno, "listen at %s", c->name);
		unlinkat(c->dir, c->name, 0);
	}
	fd_close(&c->listening);
	return -1;
}

void console_close(struct console *c)
{
	if (c->listening < 0)
		return;
	unlinkat(c->dir, c->name, 0);
	fd_close(&c->listening);
	while (c->count)
		fd_close(&c->clients[--c->count].fd);
}

/* False when not all of it fits. A client that has gone is found by its poll. */
static bool send_all(int fd, const void *bytes, size_t length)
{
	return !length || send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

void console_send(struct console *c, const void *bytes, size_t length)
{
	for (size_t i = 0; i < c->count; i++) {
		struct console_client *client = &c->clients[i];

		if (client->lost && !send_all(client->fd, lost_text, sizeof lost_text - 1))
			continue;
		client->lost = !send_all(client->fd, bytes, length);
	}
}

size_t console_polls(const struct console *c, struct pollfd *polls)
{
	polls[0] = (struct pollfd){
	    .fd = c->count < CONSOLE_CLIENTS_MAX ? c->listening : -1, .events = POLLIN};
	for (size_t i = 0; i < c->count; i++)
		polls[i + 1] = (struct pollfd){
		    .fd = c->clients[i].fd, .events = c->clients[i].silent ? 0 : POLLIN};
	return c->count + 1;
}

static bool may_connect(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void greet(struct console *c, int fd)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct stat st = {0};

	if (c->log && fstat(c->log->fd, &st) < 0)
		st = (struct stat){0};
	buf_printf(&text, "mirari-console %llu.%llu.%llu\n", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino, (unsigned long long)st.st_size);
	for (enum log_stream s = 0; c->log && s < LOG_STREAMS; s++)
		buf_add(&text, buf_str(&c->log->held[s]), c->log->held[s].length);
	c->clients[c->count++] =
	    (struct console_client){.fd = fd, .lost = !send_all(fd, buf_str(&text), text.length)};
}

static void take_clients(struct console *c)
{
	while (c->count < CONSOLE_CLIENTS_MAX) {
		int fd = accept4(c->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0 && may_connect(fd))
			greet(c, fd);
		else if (fd >= 0)
			close(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/* False when it has gone, and all that it has typed has been read. */
static bool serve_one(struct console_client *client, short events,
    void (*typed)(void *, const void *, size_t), void *data)
{
	char bytes[4096];
	ssize_t n;

	if (!(events & (POLLIN | POLLHUP | POLLERR)))
		return true;
	n = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n > 0)
		typed(data, bytes, (size_t)n);
	else if (n == 0)
		client->silent = true;
	else if (errno != EAGAIN && errno != EINTR)
		return false;
	return n > 0 || !(events & (POLLHUP | POLLERR));
}

void console_serve(struct console *c, const struct pollfd *polls, size_t count,
    void (*typed)(void *data, const void *bytes, size_t length), void *data)
{
	/* from the end, as the last one fills the place of one that goes */
	for (size_t i = count; i-- > 1;) {
		struct console_client *client = &c->clients[i - 1];

		if (serve_one(client, polls[i].revents, typed, data))
			continue;
		fd_close(&client->fd);
		*client = c->clients[--c->count];
	}
	if (count && (polls[0].revents & POLLIN))
		take_clients(c);
}
