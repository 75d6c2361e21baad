#include "core/procid.h"

#include "core/fd.h"
#include "scratch.h"
#include "tap.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void test_text(void)
{
	static const char *const bad[] = {"", ".", "1", "1.", ".1", "0.1", "-1.1", "1.-1", "+1.1",
	    "01.1", "1.01", "1.1.1", "1 .1", "1. 1", " 1.1", "1.1 ", "2147483648.1",
	    "99999999999999999999.1", "1.18446744073709551616", "1,1", "a.1", "1.a", "12345.12\n"};
	static const char *const good[] = {"1.0", "2147483647.18446744073709551615", "42.4711"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct procid id = {77, 88};

		ok(!procid_parse(bad[i], &id) && id.pid == 77 && id.started == 88, "not '%.8s'",
		    bad[i]);
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct buf text A_CLEANUP(buf_free) = {0};
		struct procid id;

		ok(procid_parse(good[i], &id), "%s", good[i]);
		procid_text(id, &text);
		is_str(buf_str(&text), good[i], "and back");
	}
}

static int wait_for_end(const void *data)
{
	(void)data;
	pause();
	return 0;
}

static pid_t start(const char *name)
{
	int ready[2];
	char byte;
	pid_t child;

	scratch_need(pipe(ready) == 0, "pipe");
	child = fork();
	scratch_need(child >= 0, "fork");
	if (child == 0) {
		if (name)
			prctl(PR_SET_NAME, name);
		if (write(ready[1], "x", 1) == 1)
			wait_for_end(NULL);
		_exit(1);
	}
	scratch_need(read(ready[0], &byte, 1) == 1, "read");
	close(ready[0]);
	close(ready[1]);
	return child;
}

/* Whatever a process is called, its start time is found behind it. */
static void test_names(void)
{
	static const char *const names[] = {
	    NULL, ") Z 1 1 1", "a) S (b", "))))))))", "(", " ", "a\nb", "x 1 2 3 4 5 6 7"};
	struct procid before = procid_of(getpid());

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		pid_t child = start(names[i]);
		struct procid id = procid_of(child);

		ok(id.pid == child && id.started >= before.started &&
			id.started < before.started + 60 * 1000,
		    "started after us: name %zu", i);
		ok(procid_is_alive(id), "and is alive");
		kill(child, SIGKILL);
		scratch_need(waitpid(child, NULL, 0) == child, "waitpid");
		ok(!procid_is_alive(id), "and then isn't");
		is_int(procid_of(child).pid, 0, "nobody has the number");
	}
}

static void test_ended(void)
{
	pid_t child = start(NULL);
	struct procid id = procid_of(child), other = {id.pid, id.started + 1};
	int fd = procid_open(id), wrong = procid_open(other);
	siginfo_t info;

	ok(fd >= 0, "it can be opened");
	is_int(wrong, -1, "not what started at another time");
	ok(!procid_is_alive(other), "which isn't alive");
	kill(child, SIGKILL);
	scratch_need(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0, "waitid");
	ok(!procid_is_alive(id), "one that only its parent has to hear of has ended");
	is_int(procid_of(child).pid, 0, "and is no process");
	is_int(procid_open(id), -1, "nor to be opened");
	is_int(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 5000), 1, "as its fd says");
	scratch_need(waitpid(child, NULL, 0) == child, "waitpid");
	fd_close(&fd);
}

static void test_nobody(void)
{
	static const pid_t none[] = {0, -1, 2147483647};

	for (size_t i = 0; i < COUNT_OF(none); i++) {
		struct procid id = {none[i], 1};

		is_int(procid_of(none[i]).pid, 0, "there is no process %d", (int)none[i]);
		ok(!procid_is_alive(id), "it isn't alive");
		is_int(procid_open(id), -1, "and isn't opened");
	}
}

static void test_kill(void)
{
	pid_t child = start(NULL);
	struct procid id = procid_of(child), other = {id.pid, id.started + 1};
	int status;

	ok(procid_same(id, id) && !procid_same(id, other), "another start is another process");
	procid_kill(other);
	ok(procid_is_alive(id), "which is not killed");
	procid_kill((struct procid){0});
	procid_kill(id);
	scratch_need(waitpid(child, &status, 0) == child, "waitpid");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "this one is");
}

int main(void)
{
	int before = scratch_open_count();
	int fd = procid_open(procid_of(getpid()));

	test_text();
	test_kill();
	test_names();
	if (fd < 0)
		tap_skip("one that has ended", "no pidfd_open here (valgrind has none)");
	else
		test_ended();
	fd_close(&fd);
	test_nobody();
	is_int(scratch_open_count(), before, "no descriptor is left");
	return tap_end();
}
