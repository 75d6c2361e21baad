#include "host/tenderrun.h"

#include "core/fd.h"
#include "core/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child, which has its parent's memory until it is the tender, so that it changes nothing there
 * but this frame. Why it isn't goes into the pipe: some (valgrind) make vfork a fork. */
static void become(const struct tenderrun *t, pid_t parent, int report)
{
	sigset_t none;
	int error;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		goto failed;
	/* it may have been too late for that */
	if (getppid() != parent)
		_exit(EXIT_CANNOT_EXEC);
	for (size_t i = 0; i < t->handed_count; i++)
		if (fcntl(t->handed[i], F_SETFD, 0) < 0)
			goto failed;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(t->argv->items[0], strv_argv(t->argv));
failed:
	error = errno;
	(void)!write(report, &error, sizeof error);
	_exit(EXIT_CANNOT_EXEC);
}

static int reap(pid_t pid, int *wait_status, struct fault *fault)
{
	while (waitpid(pid, wait_status, 0) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, errno, "wait for process %d", (int)pid);
	return 0;
}

/* 0 when the tender runs: exec has closed its end of the pipe. */
static int read_report(const struct tenderrun *t, int report, struct fault *fault)
{
	int error, ignored;
	ssize_t n;

	while ((n = read(report, &error, sizeof error)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return 0;
	if (reap(t->pid, &ignored, fault) < 0)
		return -1;
	return proc_fault(t->argv->items[0], error, fault);
}

/* A copy of our memory, which fork makes, would be for nothing. */
static pid_t spawn(const struct tenderrun *t, pid_t parent, int report)
{
	pid_t pid = vfork();

	if (pid == 0)
		become(t, parent, report);
	return pid;
}

static int start(struct tenderrun *t, struct fault *fault)
{
	int report[2] = {-1, -1};
	int result = -1;

	if (pipe2(report, O_CLOEXEC) < 0)
		return fault_errno(fault, 0, errno, "pipe");
	t->pid = spawn(t, getpid(), report[1]);
	fd_close(&report[1]);
	if (t->pid < 0)
		fault_errno(fault, 0, errno, "fork");
	else
		result = read_report(t, report[0], fault);
	fd_close(&report[0]);
	return result;
}

int tenderrun_start(struct tenderrun *t, struct fault *fault)
{
	int ignored;

	t->ended = -1;
	t->tail_length = 0;
	/* ignored by whoever started us, it would take the child's status away */
	signal(SIGCHLD, SIG_DFL);
	terminalstate_take(&t->terminal);
	relay_start(&t->relay);
	if (start(t, fault) == 0) {
		t->ended = pidfd_open(t->pid, 0);
		if (t->ended >= 0 || errno == ENOSYS)
			return 0;
		fault_errno(fault, 0, errno, "pidfd_open");
		kill(t->pid, SIGKILL);
		while (waitpid(t->pid, &ignored, 0) < 0 && errno == EINTR)
			;
	}
	relay_stop(&t->relay, false);
	return -1;
}

/* Reads what is there; false at its end. The last bytes stay. */
static bool read_console(struct tenderrun *t)
{
	char bytes[TENDER_TAIL];
	ssize_t n = read(t->console, bytes, sizeof bytes);
	size_t length, kept;

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	length = (size_t)n;
	kept = t->tail_length + length > TENDER_TAIL ? TENDER_TAIL - length : t->tail_length;
	memmove(t->tail, t->tail + t->tail_length - kept, kept);
	memcpy(t->tail + kept, bytes, length);
	t->tail_length = kept + length;
	return true;
}

/* Waits until there is something to do, and does it. */
static void attend(struct tenderrun *t, int *console)
{
	struct pollfd polled[] = {{.fd = t->ended, .events = POLLIN},
	    {.fd = t->relay.fd, .events = POLLIN}, {.fd = *console, .events = POLLIN}};
	int number;

	if (poll(polled, COUNT_OF(polled), t->ended < 0 ? WITHOUT_PIDFD_MS : -1) <= 0)
		return;
	if (polled[1].revents && (number = relay_take(&t->relay)))
		relay_pass(t->pid, number);
	if (polled[2].revents && !read_console(t))
		*console = -1;
}

int tenderrun_wait(struct tenderrun *t, int *wait_status, struct fault *fault)
{
	struct child child = {.pid = t->pid, .ended = t->ended};
	int console = t->console;
	int flags;

	while (!proc_has_ended(&child))
		attend(t, &console);
	fd_close(&t->ended);
	/* what is left in the pipe, but not what might come from others that have it */
	if (console >= 0) {
		flags = fcntl(console, F_GETFL);
		(void)fcntl(console, F_SETFL, flags | O_NONBLOCK);
		while (read_console(t))
			;
	}
	if (reap(t->pid, wait_status, fault) < 0)
		return -1;
	if (WIFSIGNALED(*wait_status))
		terminalstate_put_back(&t->terminal);
	return 0;
}

void tenderrun_end(struct tenderrun *t)
{
	relay_stop(&t->relay, true);
}
