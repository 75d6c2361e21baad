#include "host/rootless.h"

#include "core/fd.h"
#include "core/proc.h"
#include "host/caps.h"
#include "host/rootless_slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the monitor tells the caller, with a pidfd of itself when it's ready. */
struct word {
	int result;  /* 0 or -1 */
	int refused; /* the errno when namespaces were; the fault's text is the step */
	struct fault fault;
};

struct monitor {
	const struct rootless *want; /* the caller's */
	const char *program;         /* slirp4netns */
	int caller;                  /* a pidfd */
	int talk;                    /* a socket to the caller */
	int64_t deadline;
	uid_t uid;
	gid_t gid;
	struct slirp slirp;
};

/* ---- the monitor ---- */

static int put_map(const char *path, unsigned inside, unsigned outside)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	int fd A_CLEANUP(fd_close) = open(path, O_WRONLY | O_CLOEXEC);

	buf_printf(&text, "%u %u 1", inside, outside);
	return fd < 0 ? -1 : fd_write(fd, buf_str(&text), text.length);
}

static int deny_setgroups(void)
{
	int fd A_CLEANUP(fd_close) = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fd_write(fd, "deny", 4);
}

/* A user namespace with one user and group, and another namespace that belongs to it. A program
 * with file capabilities isn't dumpable, so that its maps in /proc would be root's to write. */
static int enter_new(
    int other, unsigned uid, unsigned old_uid, unsigned gid, unsigned old_gid, const char **step)
{
	*step = "unshare";
	if (unshare(CLONE_NEWUSER | other) < 0)
		return -1;
	*step = "prctl";
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -1;
	*step = "write setgroups";
	if (deny_setgroups() < 0)
		return -1;
	*step = "write uid_map";
	if (put_map("/proc/self/uid_map", uid, old_uid) < 0)
		return -1;
	*step = "write gid_map";
	return put_map("/proc/self/gid_map", gid, old_gid);
}

static void close_gap(int low, int high)
{
	if (low <= high)
		close_range((unsigned)low, (unsigned)high, 0);
}

/* Should: be of no terminal, hold no file of the caller's and take no signal meant for it.
 * Mustn't: keep a pipe open that somebody waits for to end. */
static void detach(struct monitor *m)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;
	int low, high;

	setsid();
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &standard, NULL);
	signal(SIGPIPE, SIG_IGN); /* a write to what has ended is a fault, not our end */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)!chdir("/"); /* only so that nothing is kept from being unmounted */
	umask(022);
	prctl(PR_SET_NAME, "mirari-rootless", 0, 0, 0);
	low = m->talk < m->caller ? m->talk : m->caller;
	high = m->talk < m->caller ? m->caller : m->talk;
	close_gap(0, low - 1);
	close_gap(low + 1, high - 1);
	close_range((unsigned)high + 1, ~0U, 0);
	fd_fix_standard();
}

static int refuse(struct word *word, const char *step)
{
	word->refused = errno;
	return fault_set(&word->fault, EX_NOPERM, "%s", step);
}

/* Everything up to where the caller can enter.
 *
 * Should: be root of the outer user namespace only while what becomes slirp4netns is forked; be
 * nobody in particular, without a capability, at the end.
 * Mustn't: have any right in the namespaces that we were started in. */
static int set_up(struct monitor *m, struct word *word)
{
	struct fault *fault = &word->fault;
	const char *step;

	if (enter_new(CLONE_NEWNS, 0, m->uid, 0, m->gid, &step) < 0)
		return refuse(word, step);
	if (slirp_try_ports(m->want, fault) < 0 ||
	    slirp_prepare(&m->slirp, m->program, m->want->count > 0, fault) < 0)
		return -1;
	if (enter_new(CLONE_NEWNET, m->uid, 0, m->gid, 0, &step) < 0)
		return refuse(word, step);
	if (slirp_start(&m->slirp, m->caller, m->deadline, fault) < 0 ||
	    slirp_forward(&m->slirp, m->want, m->deadline, fault) < 0)
		return -1;
	return caps_drop_all(fault);
}

/* Gives the word, and with it `fd` unless that is negative (unix(7), SCM_RIGHTS). */
static int give_word(int talk, struct word *word, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = word, .iov_len = sizeof *word};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *header = &control.align;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(header), &fd, sizeof fd);
	}
	return sendmsg(talk, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *word ? 0 : -1;
}

/* Has the caller entered? It closes the socket when it hasn't, or has ended. */
static bool has_entered(int talk)
{
	char byte;
	ssize_t n;

	while ((n = recv(talk, &byte, 1, 0)) < 0 && errno == EINTR)
		;
	return n == 1;
}

static void watch(struct monitor *m)
{
	struct pollfd polled[] = {
	    {.fd = m->caller, .events = POLLIN}, {.fd = m->slirp.ended, .events = POLLIN}};

	while (poll(polled, COUNT_OF(polled), -1) < 0 && errno == EINTR)
		;
}

static void monitor(struct monitor *m)
{
	struct word word = {.result = -1};
	int self;

	detach(m);
	self = pidfd_open(getpid(), 0);
	if (self < 0)
		fault_errno(&word.fault, 0, errno, "pidfd_open");
	else
		word.result = set_up(m, &word);
	if (give_word(m->talk, &word, word.result == 0 ? self : -1) == 0 && word.result == 0 &&
	    has_entered(m->talk)) {
		close(m->talk);
		close(self);
		watch(m);
	}
	slirp_end(&m->slirp);
}

/* ---- the caller ---- */

/* The reason is looked for here: in a new user namespace, settings are that one's. */
static int refused(const struct rootless *want, const struct word *word, struct fault *fault)
{
	struct buf why A_CLEANUP(buf_free) = {0};
	const char *step = word->fault.text;

	if (rootless_obstacle("/proc", word->refused, &why))
		fault_set(fault, EX_NOPERM, "no network without root here: %s (%s: %s)",
		    buf_str(&why), step, strerror(word->refused));
	else
		fault_errno(fault, 0, word->refused, "no network without root here: %s", step);
	return want->instead ? fault_hint(fault, "%s", want->instead) : -1;
}

/* Forks twice: the child in between ends at once, the monitor is left to init. */
static int fork_monitor(struct monitor *m, int our_end, struct fault *fault)
{
	pid_t between = fork();

	if (between < 0)
		return fault_errno(fault, 0, errno, "fork");
	if (between == 0) {
		close(our_end);
		if (fork() == 0)
			monitor(m);
		_exit(0); /* of a fork that failed the caller sees that nobody talks */
	}
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* The monitor's word; -1 without one. *fd is what came with it, or -1. */
static int take_word(int talk, struct word *word, int *fd, struct fault *fault)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = word, .iov_len = sizeof *word};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes};
	const struct cmsghdr *header;
	ssize_t n;

	*fd = -1;
	while ((n = recvmsg(talk, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return fault_errno(fault, EX_TEMPFAIL, errno, "set up the network namespace");
	if (n != (ssize_t)sizeof *word)
		return fault_set(
		    fault, EX_OSERR, "the process that sets up the network namespace has ended");
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof *fd);
	return 0;
}

/* Should: enter both namespaces or none, and tell so.
 * Mustn't: change anything before the monitor is done with all that can fail. */
static int enter(const struct rootless *want, int talk, struct fault *fault)
{
	int pidfd A_CLEANUP(fd_close) = -1;
	struct word word;

	if (take_word(talk, &word, &pidfd, fault) < 0)
		return -1;
	if (word.refused)
		return refused(want, &word, fault);
	if (word.result < 0) {
		*fault = word.fault;
		return -1;
	}
	if (setns(pidfd, CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return fault_errno(fault, 0, errno, "setns");
	/* if it can't be told any more, the monitor has ended, and with it the uplink */
	if (send(talk, "e", 1, MSG_NOSIGNAL) != 1)
		return fault_errno(fault, EX_OSERR, errno, "the network's monitor has ended");
	return 0;
}

/* The child's standard descriptors get replaced: none of what it needs may be there. */
static int above_standard(int *fd)
{
	int higher = *fd > STDERR_FILENO ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (higher != *fd)
		fd_close(fd);
	*fd = higher;
	return higher < 0 ? -1 : 0;
}

static int run(struct monitor *m, struct fault *fault)
{
	/* longer than the monitor may take, which would rather say why itself */
	struct timeval limit = {.tv_sec = ROOTLESS_SECONDS + 5};
	int ends[2];
	int result = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fault_errno(fault, 0, errno, "socketpair");
	m->talk = ends[1];
	if (above_standard(&m->talk) < 0 ||
	    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
		fault_errno(fault, 0, errno, "socket");
	else
		result = fork_monitor(m, ends[0], fault);
	fd_close(&m->talk);
	if (result == 0)
		result = enter(m->want, ends[0], fault);
	fd_close(&ends[0]);
	return result;
}

/* What slirp4netns will need, looked at beforehand, for a better message than its own. */
static int find_needs(char program[PATH_MAX], struct fault *fault)
{
	static const char tun[] = "/dev/net/tun";
	struct buf path A_CLEANUP(buf_free) = {0};
	int fd A_CLEANUP(fd_close) = -1;

	/* absolute, as the monitor changes its directory */
	if (proc_find("slirp4netns", &path) < 0 || !realpath(buf_str(&path), program)) {
		fault_errno(fault, EXIT_NOT_FOUND, errno, "slirp4netns");
		return fault_hint(fault, "sudo apt-get install slirp4netns");
	}
	fd = open(tun, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	fault_errno(fault, 0, errno, "open %s", tun);
	if (fault->status == EX_NOPERM)
		return fault_hint(fault, "sudo chmod 666 %s, which is what udev does", tun);
	return fault_hint(fault, "sudo modprobe tun");
}

int rootless_enter(const struct rootless *want, struct fault *fault)
{
	char program[PATH_MAX];
	struct monitor m = {.want = want,
	    .program = program,
	    .deadline = slirp_clock() + (int64_t)ROOTLESS_SECONDS * 1000,
	    .uid = geteuid(),
	    .gid = getegid(),
	    .slirp = SLIRP_NONE};
	int result = -1;

	if (find_needs(program, fault) < 0)
		return -1;
	m.caller = pidfd_open(getpid(), 0);
	if (m.caller < 0 || above_standard(&m.caller) < 0)
		fault_errno(fault, 0, errno, "pidfd_open");
	else
		result = run(&m, fault);
	fd_close(&m.caller);
	return result;
}
