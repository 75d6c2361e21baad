/* A tap for a program of 2013: the other side is a child that does what backend.ml did then. */
#include "host/compat2013.h"

#include "core/fd.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MESSAGE = 11, NOBODY = 65534, LATE_US = 200000 };

static struct fault fault;

static struct sockaddr_un address_of(pid_t pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "/tmp/mir-%d.sock", (int)pid);
	return address;
}

static int bind_for(pid_t pid)
{
	struct sockaddr_un address = address_of(pid);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	scratch_need(fd >= 0, "socket");
	scratch_need(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0, "bind");
	return fd;
}

/* ---- what the children do ---- */

/* One device of the old protocol: what was received goes to `report`, a word into the descriptor.
 * There is room for one descriptor only, as there was. */
static void take_device(int listening, int report)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	char bytes[MESSAGE + 1] = "";
	struct iovec part = {.iov_base = bytes, .iov_len = MESSAGE};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes};
	int connection = accept(listening, NULL, NULL), fd = -1;
	struct cmsghdr *header;

	if (recvmsg(connection, &message, 0) != MESSAGE)
		_exit(3);
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || (message.msg_flags & MSG_CTRUNC))
		_exit(4);
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	if (write(fd, bytes + MESSAGE - 1, 1) != 1 || write(report, bytes, MESSAGE) != MESSAGE)
		_exit(5);
	shutdown(connection, SHUT_RDWR); /* it isn't closed, as it wasn't */
}

static void serves(int report)
{
	int listening = bind_for(getpid());

	scratch_need(listen(listening, 5) == 0, "listen");
	for (;;)
		take_device(listening, report);
}

static void serves_late(int report)
{
	int listening;

	usleep(LATE_US);
	listening = bind_for(getpid());
	usleep(LATE_US); /* there, and refuses */
	scratch_need(listen(listening, 5) == 0, "listen");
	take_device(listening, report);
	pause();
}

static void dies(int report)
{
	(void)report;
	usleep(LATE_US);
	_exit(0);
}

static void listens_and_dies(int report)
{
	scratch_need(listen(bind_for(getpid()), 5) == 0, "listen");
	dies(report);
}

static void listens_and_sleeps(int report)
{
	(void)report;
	scratch_need(listen(bind_for(getpid()), 5) == 0, "listen");
	pause();
}

static void sleeps(int report)
{
	(void)report;
	pause();
}

/* ---- their life ---- */

struct program {
	struct child child;
	int report; /* what it has received */
	int device; /* a file that stands for the tap */
};

static struct program start(void (*body)(int report))
{
	struct program p;
	int ends[2];

	scratch_need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
	fflush(stdout);
	p.child.pid = fork();
	scratch_need(p.child.pid >= 0, "fork");
	if (p.child.pid == 0) {
		alarm(30);
		body(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	p.report = ends[0];
	p.child.ended = pidfd_open(p.child.pid, 0);
	scratch_need(p.child.ended >= 0 || errno == ENOSYS, "pidfd_open"); /* as in valgrind */
	p.device = scratch_input("", 0);
	return p;
}

/* Its path is looked for by compat2013_close before. */
static void stop(struct program *p)
{
	struct sockaddr_un address = address_of(p->child.pid);

	kill(p->child.pid, SIGKILL);
	waitpid(p->child.pid, NULL, 0);
	unlink(address.sun_path);
	fd_close(&p->child.ended);
	fd_close(&p->report);
	fd_close(&p->device);
}

static int hand_over(const struct program *p, const char *name, unsigned timeout_ms)
{
	memset(&fault, 0, sizeof fault);
	return compat2013_hand_over(&p->child, getuid(), name, p->device, timeout_ms, &fault);
}

static void is_fault(int status, const char *text, const char *what)
{
	is_int(fault.status, status, "%s: the status", what);
	if (!ok(strstr(fault.text, text) != NULL, "%s: says so", what))
		tap_show("got ", fault.text);
}

/* Nothing came to whoever listens there but a connection without a byte, or not even that. */
static void got_nothing(int listening, const char *what)
{
	union {
		char bytes[256];
		struct cmsghdr aligned;
	} control;
	char bytes[64];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof control.bytes};
	struct pollfd polled = {.fd = listening, .events = POLLIN};
	int connection;

	if (poll(&polled, 1, 0) == 0) {
		ok(true, "%s: nobody connected", what);
		return;
	}
	connection = accept(listening, NULL, NULL);
	is_int(recvmsg(connection, &message, MSG_CMSG_CLOEXEC), 0, "%s: no byte was sent", what);
	is_int((long long)message.msg_controllen, 0, "%s: nor a descriptor", what);
	close(connection);
}

/* ---- tests ---- */

static void test_devices(void)
{
	static const char *const wanted[] = {"tap0      e", "mir1234567e", "x         e"};
	static const char *const names[] = {"tap0", "mir1234567", "x"};
	struct program p = start(serves);
	int before = scratch_open_count();
	char got[MESSAGE + 1] = "", written[8] = "";
	struct stat st;

	for (int i = 0; i < 3; i++) {
		is_int(hand_over(&p, names[i], 5000), 0, "%s is handed over", names[i]);
		scratch_need(read(p.report, got, MESSAGE) == MESSAGE, "read");
		is_str(got, wanted[i], "in the bytes of 2013");
	}
	is_int(pread(p.device, written, sizeof written, 0), 3, "each time with the descriptor");
	is_str(written, "eee", "which is the same open file");
	is_int(scratch_open_count(), before, "no descriptor is left");

	compat2013_close(p.child.pid, getuid() + 1);
	is_int(lstat(address_of(p.child.pid).sun_path, &st), 0, "somebody else's path stays");
	compat2013_close(p.child.pid, getuid());
	is_int(lstat(address_of(p.child.pid).sun_path, &st), -1, "the user's goes");
	compat2013_close(p.child.pid, getuid());
	stop(&p);
}

static void test_without_pidfd(void)
{
	struct program p = start(serves_late);
	char got[MESSAGE + 1] = "";

	fd_close(&p.child.ended);
	is_int(hand_over(&p, "tap0", 5000), 0, "without a pidfd, too");
	is_int(read(p.report, got, MESSAGE), MESSAGE, "it comes");
	stop(&p);
	p = start(dies);
	fd_close(&p.child.ended);
	is_int(hand_over(&p, "tap0", 10000), -1, "and the end of the child is seen");
	is_fault(EX_UNAVAILABLE, "ended before it took the device tap0", "without a pidfd");
	stop(&p);
}

static void test_late(void)
{
	struct program p = start(serves_late);
	char got[MESSAGE + 1] = "";

	is_int(hand_over(&p, "tap0", 5000), 0, "one that listens late gets it");
	is_int(read(p.report, got, MESSAGE), MESSAGE, "once it listens");
	is_str(got, "tap0      e", "whole");
	stop(&p);
}

static void test_end(void)
{
	struct program p = start(dies);

	is_int(hand_over(&p, "tap0", 10000), -1, "one that dies doesn't");
	is_fault(EX_UNAVAILABLE, "ended before it took the device tap0", "one that dies");
	stop(&p);
	p = start(listens_and_dies);
	is_int(hand_over(&p, "tap0", 10000), -1, "nor one that dies before it accepts");
	is_fault(EX_UNAVAILABLE, "ended before it took the device tap0", "before it accepts");
	stop(&p);
	p = start(sleeps);
	is_int(hand_over(&p, "tap0", 50), -1, "nor one that never listens");
	is_fault(EX_TEMPFAIL, "within 50 ms", "never listens");
	ok(fault.hint[0] != '\0', "with what may be the reason");
	stop(&p);
	p = start(listens_and_sleeps);
	is_int(hand_over(&p, "tap0", 300), -1, "nor one that never accepts");
	is_fault(EX_TEMPFAIL, "within 300 ms", "never accepts");
	stop(&p);
}

/* Ours is the process that was there first. */
static void test_squatter(void)
{
	struct program p = start(sleeps);
	int squatter = bind_for(p.child.pid);

	is_int(hand_over(&p, "tap0", 100), -1, "a path where nobody listens is waited for");
	is_fault(EX_TEMPFAIL, "within 100 ms", "nobody listens");
	scratch_need(listen(squatter, 5) == 0, "listen");
	is_int(hand_over(&p, "tap0", 5000), -1, "a squatter is refused");
	is_fault(EX_NOPERM, "another process listens there", "a squatter");
	got_nothing(squatter, "a squatter");
	memset(&fault, 0, sizeof fault);
	is_int(compat2013_hand_over(&p.child, getuid() + 1, "tap0", p.device, 5000, &fault), -1,
	    "another user's socket is refused");
	is_fault(EX_NOPERM, "belongs to another user", "another user");
	got_nothing(squatter, "another user");
	close(squatter);
	stop(&p);
}

/* The file is the user's, but it was root that listened. */
static void test_other_listener(void)
{
	struct program p;
	struct sockaddr_un address;

	if (getuid() != 0) {
		tap_skip("who listens is checked besides whose the file is", "needs root");
		return;
	}
	p = start(listens_and_sleeps);
	address = address_of(p.child.pid);
	for (int i = 0; i < 500 && chown(address.sun_path, NOBODY, NOBODY) < 0; i++)
		usleep(10000);
	usleep(50000); /* bound and listening aren't one step */
	memset(&fault, 0, sizeof fault);
	is_int(compat2013_hand_over(&p.child, NOBODY, "tap0", p.device, 5000, &fault), -1,
	    "who listens is checked besides whose the file is");
	is_fault(EX_NOPERM, "another user listens there", "who listens");
	stop(&p);
}

/* The child itself listens elsewhere, which a link at the path leads to. */
static void test_other_files(void)
{
	struct program p = start(sleeps);
	struct sockaddr_un address = address_of(p.child.pid);
	int elsewhere = bind_for(getpid());

	scratch_need(listen(elsewhere, 5) == 0, "listen");
	scratch_need(symlink(address_of(getpid()).sun_path, address.sun_path) == 0, "symlink");
	is_int(hand_over(&p, "tap0", 5000), -1, "no symbolic link is followed");
	is_fault(EX_NOPERM, "is no socket", "a link");
	got_nothing(elsewhere, "a link");
	compat2013_close(p.child.pid, getuid());
	is_int(unlink(address.sun_path), 0, "and none is removed");
	scratch_put(address.sun_path, 0644, "");
	is_int(hand_over(&p, "tap0", 5000), -1, "a file is no socket");
	is_fault(EX_NOPERM, "is no socket", "a file");
	compat2013_close(p.child.pid, getuid());
	is_int(unlink(address.sun_path), 0, "and isn't removed");
	compat2013_close(getpid(), getuid());
	close(elsewhere);
	stop(&p);
}

static void test_names(void)
{
	static const char *const bad[] = {"", "mir12345678", "a b", "tap0 ", "tap\n"};
	struct program p = start(sleeps);

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		is_int(hand_over(&p, bad[i], 5000), -1, "a name that can't be sent, %zu", i);
		is_fault(EX_USAGE, "1 to 10 bytes", "such a name");
	}
	stop(&p);
}

int main(void)
{
	test_devices();
	test_without_pidfd();
	test_late();
	test_end();
	test_squatter();
	test_other_listener();
	test_other_files();
	test_names();
	return tap_end();
}
