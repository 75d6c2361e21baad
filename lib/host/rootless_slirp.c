#include "host/rootless_slirp.h"

#include "core/fd.h"
#include "core/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* SAID_BYTES fills what a fault can tell, and more. */
enum { SAID_BYTES = 2048, END_MS = 1000 };

int64_t slirp_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- preparing ---- */

/* A file system with no name anywhere: fsopen(2), fsmount(2). */
static int unnamed_directory(struct fault *fault)
{
	int context A_CLEANUP(fd_close) = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int directory = -1;

	if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		directory = fsmount(context, FSMOUNT_CLOEXEC,
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (directory < 0)
		fault_errno(fault, 0, errno, "mount a tmpfs for slirp4netns' API socket");
	return directory;
}

/* Nobody reads it while slirp4netns runs, so it can't be a pipe, and must not grow. */
static int bounded_file(struct fault *fault)
{
	int file = memfd_create("slirp4netns", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file < 0 || ftruncate(file, SAID_BYTES) < 0 ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		fault_errno(fault, 0, errno, "a file for slirp4netns' messages");
	else
		return file;
	fd_close(&file);
	return -1;
}

static void add_arguments(struct strv *argv, pid_t target, int exit_fd, int ready, int api)
{
	strv_list(argv, "slirp4netns", "--configure", "--disable-host-loopback", "--enable-sandbox",
	    "--enable-seccomp");
	strv_addf(argv, "--mtu=%d", ROOTLESS_MTU);
	strv_addf(argv, "--cidr=%s/%d", ROOTLESS_NETWORK, ROOTLESS_PREFIX);
	strv_addf(argv, "--exit-fd=%d", exit_fd);
	strv_addf(argv, "--ready-fd=%d", ready);
	if (api >= 0)
		strv_addf(argv, "--api-socket=/proc/self/fd/%d/api", api);
	strv_addf(argv, "%d", (int)target);
	strv_list(argv, ROOTLESS_UPLINK);
}

static bool keep_on_exec(int fd)
{
	return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

/* Both ends of the three pipes, while there are both. */
struct pipes {
	int go[2], ready[2], exit[2];
};

static void close_pipes(struct pipes *p)
{
	for (int end = 0; end < 2; end++) {
		fd_close(&p->go[end]);
		fd_close(&p->ready[end]);
		fd_close(&p->exit[end]);
	}
}

/* The child. Should: hold the reading end of the exit pipe, the writing end of the ready pipe, the
 * API's directory, and nothing else; end when the monitor does, before it is slirp4netns as after.
 * Mustn't: hold an end of the monitor's; return. */
static void become(const struct slirp *s, struct pipes *p, const char *program, char *const *argv)
{
	char byte;
	ssize_t n;

	fd_close(&p->go[1]);
	fd_close(&p->ready[0]);
	fd_close(&p->exit[1]);
	while ((n = read(p->go[0], &byte, 1)) < 0 && errno == EINTR)
		;
	if (n == 1 && keep_on_exec(p->exit[0]) && keep_on_exec(p->ready[1]) &&
	    keep_on_exec(s->api) && dup2(s->said, STDERR_FILENO) >= 0) {
		execv(program, argv);
		dprintf(STDERR_FILENO, "exec: %s\n", strerror(errno));
	}
	_exit(EXIT_NOT_FOUND);
}

static void take_end(int *into, int *end)
{
	*into = *end;
	*end = -1;
}

static int fork_child(struct slirp *s, const char *program, struct fault *fault)
{
	struct pipes p A_CLEANUP(close_pipes) = {{-1, -1}, {-1, -1}, {-1, -1}};
	struct strv argv A_CLEANUP(strv_free) = {0};
	pid_t pid;

	if (pipe2(p.go, O_CLOEXEC) < 0 || pipe2(p.ready, O_CLOEXEC) < 0 ||
	    pipe2(p.exit, O_CLOEXEC) < 0)
		return fault_errno(fault, 0, errno, "pipe");
	add_arguments(&argv, getpid(), p.exit[0], p.ready[1], s->api);
	pid = fork();
	if (pid < 0)
		return fault_errno(fault, 0, errno, "fork");
	if (pid == 0)
		become(s, &p, program, strv_argv(&argv));
	s->pid = pid;
	take_end(&s->go, &p.go[1]);
	take_end(&s->ready, &p.ready[0]);
	take_end(&s->exit, &p.exit[1]);
	s->ended = pidfd_open(pid, 0);
	return s->ended < 0 ? fault_errno(fault, 0, errno, "pidfd_open") : 0;
}

int slirp_prepare(struct slirp *s, const char *program, bool ports, struct fault *fault)
{
	if (ports && (s->api = unnamed_directory(fault)) < 0)
		return -1;
	s->said = bounded_file(fault);
	return s->said < 0 ? -1 : fork_child(s, program, fault);
}

/* ---- starting ---- */

/* What it has said, on one line. */
static int failed(struct slirp *s, struct fault *fault)
{
	char said[SAID_BYTES + 1] = "";
	ssize_t n = pread(s->said, said, SAID_BYTES, 0);

	/* it says so of itself each time */
	static const char noise[] = "WARNING: Support for seccomp is experimental\n";
	char *from = said;

	said[n > 0 ? n : 0] = '\0';
	if (!strncmp(from, noise, strlen(noise)))
		from += strlen(noise);
	for (char *c = from; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ';' : '\0';
	return fault_set(fault, EX_UNAVAILABLE, "slirp4netns has failed: %s",
	    *from ? from : "it says nothing about why");
}

static int too_late(const char *what, struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "%s: not within %d seconds", what, ROOTLESS_SECONDS);
}

int slirp_start(struct slirp *s, int caller, int64_t deadline, struct fault *fault)
{
	struct pollfd polled[] = {
	    {.fd = s->ready, .events = POLLIN}, {.fd = caller, .events = POLLIN}};
	char byte;

	if (fd_write(s->go, "g", 1) < 0)
		return failed(s, fault);
	fd_close(&s->go);
	while (!polled[0].revents) {
		int64_t left = deadline - slirp_clock();

		if (left <= 0)
			return too_late("slirp4netns isn't ready", fault);
		if (poll(polled, COUNT_OF(polled), (int)left) < 0 && errno != EINTR)
			return fault_errno(fault, 0, errno, "poll");
		if (polled[1].revents)
			return fault_set(fault, EX_TEMPFAIL, "the caller has ended");
	}
	if (read(s->ready, &byte, 1) != 1)
		return failed(s, fault);
	fd_close(&s->ready);
	return 0;
}

/* ---- ending ---- */

void slirp_end(struct slirp *s)
{
	struct pollfd polled = {.fd = s->ended, .events = POLLIN};

	fd_close(&s->go);
	fd_close(&s->exit);
	if (s->pid) {
		/* ours and not yet waited for: the number is still its */
		if (s->ended < 0 || poll(&polled, 1, END_MS) <= 0)
			kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	s->pid = 0;
	fd_close(&s->ended);
	fd_close(&s->ready);
	fd_close(&s->said);
	fd_close(&s->api);
}
