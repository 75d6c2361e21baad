/* Signals while a program runs below us. */
#include "core/proc.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fault fault;

/* A process that runs `script` by proc_run and exits with its status; `ignored` is ignored in it.
 */
static pid_t run_below(const char *script, int ignored)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct strv command = {0};
		struct proc_io io = {.in = -1, .out = -1};
		int status = 99;

		/* whatever the tests themselves were started with */
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		if (ignored)
			signal(ignored, SIG_IGN);
		strv_list(&command, "sh", "-c", script);
		if (proc_run(&command, &io, &status, &fault) < 0)
			status = 98;
		_exit(status);
	}
	return pid;
}

static bool appears(const char *path)
{
	for (int i = 0; i < 500; i++, usleep(10000))
		if (access(path, F_OK) == 0)
			return true;
	return false;
}

static int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_passed_on(int number, const char *name)
{
	char script[256];
	pid_t pid;

	snprintf(script, sizeof script,
	    "trap 'echo %s >caught; exit 5' %s; : >ready; while :; do sleep 0.02; done", name,
	    name);
	pid = run_below(script, 0);
	ok(appears("ready"), "%s: the program runs", name);
	kill(pid, number);
	is_int(end_of(pid), -number, "we end by the signal");
	ok(appears("caught"), "once the program below has got it, and has ended");
	unlink("ready");
	unlink("caught");
}

static void test_ignored(void)
{
	pid_t pid = run_below(": >ready; while [ ! -e go ]; do sleep 0.02; done; exit 7", SIGHUP);

	ok(appears("ready"), "SIGHUP ignored: the program runs");
	kill(pid, SIGHUP);
	usleep(50000);
	scratch_put("go", 0600, "");
	is_int(end_of(pid), 7, "it stays ignored, by us and by the program");
	unlink("ready");
	unlink("go");
}

static void test_as_before(void)
{
	struct relay relay;
	sigset_t before, after;

	sigprocmask(SIG_SETMASK, NULL, &before);
	relay_start(&relay);
	ok(relay.fd >= 0 && relay.caught == 0, "started");
	kill(getpid(), SIGTERM);
	is_int(relay_take(&relay), SIGTERM, "one that is sent to us is to be passed on");
	is_int(relay_take(&relay), 0, "once");
	is_int(relay.caught, SIGTERM, "and is remembered");
	relay_stop(&relay, false);
	sigprocmask(SIG_SETMASK, NULL, &after);
	ok(!sigismember(&after, SIGTERM) && !sigismember(&before, SIGTERM),
	    "nothing stays blocked");
	is_int(relay.fd, -1, "or open");
}

/* A program that is run on the way takes its own relay with it, and must not take the signal. */
static void test_within_another(void)
{
	struct relay outer, inner;

	relay_start(&outer);
	relay_start(&inner);
	kill(getpid(), SIGTERM);
	is_int(relay_take(&inner), 0, "within another relay nothing is to be passed on");
	is_int(inner.caught, SIGTERM, "but it is caught");
	relay_stop(&inner, true);
	ok(true, "and doesn't end us");
	is_int(outer.caught, SIGTERM, "the other one has caught it");
	is_int(outer.count, 1, "once");
	kill(getpid(), SIGHUP);
	is_int(relay_take(&outer), SIGHUP, "and goes on");
	relay_stop(&outer, false);
}

static void test_no_program(void)
{
	pid_t pid = run_below(": >ready; while [ ! -e go ]; do sleep 0.02; done; exit 7", 0);

	ok(appears("ready"), "a program of this group runs");
	relay_pass(1, SIGTERM);
	relay_pass(0, SIGTERM);
	relay_pass(-1, SIGTERM);
	relay_pass(-getpgrp(), SIGTERM);
	ok(true, "nobody is told when no process is named");
	scratch_put("go", 0600, "");
	is_int(end_of(pid), 7, "and the program goes on");
	unlink("ready");
	unlink("go");
}

int main(void)
{
	char dir[PATH_MAX];

	scratch_enter(dir);
	test_passed_on(SIGTERM, "TERM");
	test_passed_on(SIGINT, "INT");
	test_passed_on(SIGHUP, "HUP");
	test_ignored();
	test_as_before();
	test_within_another();
	test_no_program();
	scratch_leave(dir);
	return tap_end();
}
