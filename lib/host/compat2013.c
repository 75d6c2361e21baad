#include "host/compat2013.h"

#include "core/clock.h"
#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MESSAGE_LENGTH = COMPAT2013_NAME_MAX + 1,
	PATH_LENGTH = 32,
	STEP_MAX_MS = 50 /* between two looks; the first ones follow each other faster */
};

/* Everything that one hand-over has to know. */
struct giving {
	const struct child *child;
	uid_t uid;
	const char *name;
	char path[PATH_LENGTH];
	int64_t until; /* of CLOCK_MONOTONIC, in ms */
	unsigned timeout_ms;
	int step_ms;
};

static void name_path(char path[PATH_LENGTH], pid_t child)
{
	snprintf(path, PATH_LENGTH, "/tmp/mir-%d.sock", (int)child);
}

static int has_ended(const struct giving *g, struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE,
	    "process %d ended before it took the device %s from %s", (int)g->child->pid, g->name,
	    g->path);
}

/* Waits for `fd` (or, if that is -1, for a while) and for the child's end. */
static int wait_for(struct giving *g, int fd, struct fault *fault)
{
	struct pollfd polled[] = {
	    {.fd = g->child->ended, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int64_t left = g->until - clock_ms();
	bool ended;

	if (left <= 0) {
		fault_set(fault, EX_TEMPFAIL,
		    "process %d has not taken the device %s from %s within %u ms",
		    (int)g->child->pid, g->name, g->path, g->timeout_ms);
		return fault_hint(fault, "only what Mirari of 2013 built for unix-direct is run by "
					 "--compat-2013");
	}
	if (poll(polled, COUNT_OF(polled), left < g->step_ms ? (int)left : g->step_ms) < 0 &&
	    errno != EINTR)
		return fault_errno(fault, 0, errno, "poll");
	g->step_ms = g->step_ms * 2 < STEP_MAX_MS ? g->step_ms * 2 : STEP_MAX_MS;
	ended = g->child->ended < 0 ? proc_has_ended(g->child) : polled[0].revents != 0;
	/* what it has still said to us counts first */
	return ended && !polled[1].revents ? has_ended(g, fault) : 0;
}

static int is_foreign(const struct giving *g, const char *what, struct fault *fault)
{
	fault_set(fault, EX_NOPERM, "%s: %s; nothing was sent to it", g->path, what);
	return fault_hint(fault, "see whose it is: ls -l %s; ss -xlp src %s", g->path, g->path);
}

/* The socket's file, by itself: what is checked is what is connected to, and no symbolic link is
 * followed. *file stays -1 while there is none. */
static int find(const struct giving *g, int *file, struct fault *fault)
{
	struct stat st;

	*file = open(g->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*file < 0)
		return errno == ENOENT ? 0 : fault_errno(fault, 0, errno, "%s", g->path);
	if (fstat(*file, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", g->path);
	if (!S_ISSOCK(st.st_mode))
		return is_foreign(g, "is no socket", fault);
	if (st.st_uid != g->uid)
		return is_foreign(g, "belongs to another user", fault);
	return 0;
}

/* The kernel keeps who it was that called listen (unix(7), SO_PEERCRED). */
static int check_peer(const struct giving *g, int connection, struct fault *fault)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return fault_errno(fault, 0, errno, "%s", g->path);
	if (peer.pid != g->child->pid)
		return is_foreign(g, "another process listens there", fault);
	if (peer.uid != g->uid)
		return is_foreign(g, "another user listens there", fault);
	return 0;
}

/* One attempt; *connection stays -1 when another one may have more luck: bound but not listening
 * yet (or left behind by an earlier process), or its queue is full. */
static int try_connect(const struct giving *g, int *connection, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int file A_CLEANUP(fd_close) = -1, sock A_CLEANUP(fd_close) = -1;

	if (find(g, &file, fault) < 0)
		return -1;
	if (file < 0)
		return 0;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return fault_errno(fault, 0, errno, "socket");
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
	if (connect(sock, (const struct sockaddr *)&address, sizeof address) < 0) {
		if (errno == ECONNREFUSED || errno == EAGAIN || errno == EINTR)
			return 0;
		return fault_errno(fault, 0, errno, "connect to %s", g->path);
	}
	if (check_peer(g, sock, fault) < 0)
		return -1;
	*connection = sock;
	sock = -1;
	return 0;
}

/* Name and descriptor in one message: the program doesn't look for what a first one lacks. */
static int send_device(const struct giving *g, int connection, int fd, struct fault *fault)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = {{0}};
	char bytes[MESSAGE_LENGTH];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	memset(bytes, ' ', sizeof bytes);
	memcpy(bytes, g->name, strlen(g->name));
	bytes[COMPAT2013_NAME_MAX] = 'e';
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	sent = sendmsg(connection, &message, MSG_NOSIGNAL);
	if (sent != (ssize_t)sizeof bytes)
		return fault_errno(
		    fault, 0, sent < 0 ? errno : EIO, "send the device %s to %s", g->name, g->path);
	return 0;
}

/* The program ends the connection when it has the device; one that ends before, or never accepts,
 * resets it (the kernel does, for what nobody has read). */
static int wait_until_taken(struct giving *g, int connection, struct fault *fault)
{
	for (;;) {
		char byte;
		ssize_t length = recv(connection, &byte, 1, 0);

		if (length == 0)
			return 0;
		if (length < 0 && errno == ECONNRESET)
			return has_ended(g, fault);
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return fault_errno(fault, 0, errno, "%s", g->path);
		if (wait_for(g, connection, fault) < 0)
			return -1;
	}
}

/* String.trim takes these off at the program's end, with whatever belongs to the name. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= COMPAT2013_NAME_MAX && !strpbrk(name, " \t\n\f\r");
}

int compat2013_check(const char *name, struct fault *fault)
{
	if (is_name(name))
		return 0;
	fault_set(fault, EX_USAGE,
	    "device %s: --compat-2013 takes names of 1 to %d bytes without blanks", name,
	    COMPAT2013_NAME_MAX);
	return fault_hint(fault, "give it a shorter name: tap0");
}

int compat2013_hand_over(const struct child *child, uid_t uid, const char *name, int fd,
    unsigned timeout_ms, struct fault *fault)
{
	struct giving g = {.child = child,
	    .uid = uid,
	    .name = name,
	    .until = clock_ms() + timeout_ms,
	    .timeout_ms = timeout_ms,
	    .step_ms = 1};
	int connection A_CLEANUP(fd_close) = -1;

	if (compat2013_check(name, fault) < 0)
		return -1;
	name_path(g.path, child->pid);
	while (try_connect(&g, &connection, fault) == 0) {
		if (connection >= 0) {
			if (send_device(&g, connection, fd, fault) < 0)
				return -1;
			return wait_until_taken(&g, connection, fault);
		}
		if (wait_for(&g, -1, fault) < 0)
			return -1;
	}
	return -1;
}

void compat2013_close(pid_t child, uid_t uid)
{
	char path[PATH_LENGTH];
	struct stat st;

	name_path(path, child);
	/* where it isn't the user's it stays; in a sticky /tmp nobody else can exchange it */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == uid)
		unlink(path);
}
