#include "host/program.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/num.h"
#include "core/proc.h"
#include "host/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long what was killed is waited for: what the kernel doesn't end by then is in its hands. */
enum { CLEAR_TRIES = 100, BETWEEN_MS = 10 };

/* ---- preparing ----------------------------------------------------------------------------------
 */

/* Whoever has become us may have had children: they are none of the program's. */
static int remember_others(struct program *p, struct fault *fault)
{
	struct processes all A_CLEANUP(processes_free) = {0};
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0; /* the usual case: ECHILD */
	if (processes_read(&all, fault) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i].parent != getpid())
			continue;
		p->others = mem_resize(p->others, p->other_count + 1, sizeof *p->others);
		p->others[p->other_count++] = all.items[i].id.pid;
	}
	return 0;
}

int program_prepare(struct program *p, const sigset_t *held, struct fault *fault)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked = *held;

	p->in = p->out[LOG_STDOUT] = p->out[LOG_STDERR] = -1;
	/* ignored by whoever started us, it would take the program's status away */
	signal(SIGCHLD, SIG_DFL);
	sigaddset(&blocked, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &blocked, &p->mask) < 0 ||
	    sigaction(SIGPIPE, &ignore, &p->pipe) < 0 ||
	    sigaction(SIGXFSZ, &ignore, &p->file_size) < 0 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return fault_errno(fault, EX_OSERR, errno, "signals");
	return remember_others(p, fault);
}

void program_free(struct program *p)
{
	fd_close(&p->in);
	fd_close(&p->out[LOG_STDOUT]);
	fd_close(&p->out[LOG_STDERR]);
	free(p->others);
	p->others = NULL;
	p->other_count = 0;
}

/* ---- starting -----------------------------------------------------------------------------------
 */

/* What the child says when it couldn't become the program. */
struct failure {
	int error;
	enum { IN_SETUP, IN_GROUP, IN_PROCESSORS, IN_EXEC } where;
};

struct start {
	const char *path;
	pid_t parent;
	int pipes[3][2]; /* of descriptors 0, 1 and 2 */
	int report[2];
	bool hand_on; /* LISTEN_PID */
};

static void close_start(struct start *s)
{
	for (int i = 0; i < 3; i++) {
		fd_close(&s->pipes[i][0]);
		fd_close(&s->pipes[i][1]);
	}
	fd_close(&s->report[0]);
	fd_close(&s->report[1]);
}

static int set_up(const struct program *p, const struct start *s)
{
	char pid[16];

	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return -1;
	/* whoever ended before that would be missed */
	if (getppid() != s->parent)
		_exit(EXIT_CANNOT_EXEC);
	for (int i = 0; i < 3; i++)
		if (dup2(s->pipes[i][i ? 1 : 0], i) < 0)
			return -1;
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (s->hand_on && setenv("LISTEN_PID", pid, 1) < 0)
		return -1;
	if (sigaction(SIGPIPE, &p->pipe, NULL) < 0 || sigaction(SIGXFSZ, &p->file_size, NULL) < 0)
		return -1;
	return sigprocmask(SIG_SETMASK, &p->mask, NULL);
}

/* The child. Should: become the program, or say why not. Mustn't: return. */
static void become(const struct program *p, const struct start *s)
{
	struct failure failure = {.where = IN_GROUP};

	if (cgroup_enter(p->group) == 0) {
		failure.where = IN_PROCESSORS;
		if (!p->processors ||
		    sched_setaffinity(0, sizeof p->processors->sets, p->processors->sets) == 0) {
			failure.where = IN_SETUP;
			if (set_up(p, s) == 0) {
				failure.where = IN_EXEC;
				execv(s->path, strv_argv(p->command));
			}
		}
	}
	failure.error = errno;
	/* whoever waits for it sees that nothing came */
	(void)!write(s->report[1], &failure, sizeof failure);
	_exit(EXIT_CANNOT_EXEC);
}

static int explain(const struct program *p, const struct failure *f, struct fault *fault)
{
	const char *name = p->command->items[0];

	switch (f->where) {
	case IN_GROUP:
		return fault_errno(fault, EX_UNAVAILABLE, f->error, "enter control group %s",
		    buf_str(&p->group->path));
	case IN_PROCESSORS:
		fault_errno(fault, EX_UNAVAILABLE, f->error, "none of these processors can be had");
		return fault_hint(fault, "cat /sys/devices/system/cpu/online says which there are, "
					 "taskset -pc $$ which of them you may have");
	case IN_EXEC:
		return proc_fault(name, f->error, fault);
	case IN_SETUP:
	default:
		return fault_errno(fault, EX_OSERR, f->error, "start %s", name);
	}
}

static int make_pipes(struct start *s, struct fault *fault)
{
	for (int i = 0; i < 3; i++)
		if (pipe2(s->pipes[i], O_CLOEXEC) < 0)
			return fault_errno(fault, EX_OSERR, errno, "pipe");
	if (pipe2(s->report, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	/* ours don't block; its are others, and do */
	for (int i = 0; i < 3; i++)
		if (fcntl(s->pipes[i][i ? 0 : 1], F_SETFL, O_NONBLOCK) < 0)
			return fault_errno(fault, EX_OSERR, errno, "fcntl");
	return 0;
}

static bool handed_to_us(void)
{
	const char *pid = getenv("LISTEN_PID");
	uint64_t number;

	return pid && num_parse(pid, 1, INT_MAX, &number) == NUM_OK && (pid_t)number == getpid();
}

/* Waits until it has been executed, or has said why not. */
static int await_exec(struct program *p, struct start *s, pid_t pid, struct fault *fault)
{
	struct failure failure;
	ssize_t n;

	fd_close(&s->report[1]);
	while ((n = read(s->report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
		;
	if (n == 0)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof failure)
		return fault_set(fault, EX_OSERR, "start %s: no answer", p->command->items[0]);
	return explain(p, &failure, fault);
}

int program_start(struct program *p, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct start s A_CLEANUP(close_start) = {.parent = getpid(),
	    .pipes = {{-1, -1}, {-1, -1}, {-1, -1}},
	    .report = {-1, -1},
	    .hand_on = handed_to_us()};
	pid_t pid;

	if (proc_locate(p->command->items[0], &path, fault) < 0 || make_pipes(&s, fault) < 0)
		return -1;
	s.path = buf_str(&path);
	pid = fork();
	if (pid < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	if (pid == 0)
		become(p, &s);
	if (await_exec(p, &s, pid, fault) < 0)
		return -1;
	/* one that has ended already has no start time to be read, but its number */
	p->id = procid_of(pid);
	p->id.pid = pid;
	p->ended = false;
	p->in = s.pipes[0][1];
	p->out[LOG_STDOUT] = s.pipes[1][0];
	p->out[LOG_STDERR] = s.pipes[2][0];
	s.pipes[0][1] = s.pipes[1][0] = s.pipes[2][0] = -1;
	return 0;
}

/* ---- ending -------------------------------------------------------------------------------------
 */

void program_signal(const struct program *p, int number)
{
	if (!p->id.pid)
		return;
	kill(-p->id.pid, number);
	/* one that was stopped couldn't do what it is told */
	if (number != SIGKILL)
		kill(-p->id.pid, SIGCONT);
}

void program_kill(const struct program *p)
{
	cgroup_kill(p->group);
	program_signal(p, SIGKILL);
}

void program_look(struct program *p)
{
	siginfo_t info = {.si_pid = 0};

	/* it isn't waited for yet: its number is its group's, too */
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
		if (info.si_pid == p->id.pid) {
			p->ended = true;
			return;
		}
		if (waitpid(info.si_pid, NULL, WNOHANG) < 0)
			return;
		info.si_pid = 0;
	}
}

static bool is_other(const struct program *p, pid_t pid)
{
	for (size_t i = 0; i < p->other_count; i++)
		if (p->others[i] == pid)
			return true;
	return false;
}

/* Kills all below us but what was there before. False when there is nothing. */
static bool kill_rest(const struct program *p)
{
	struct processes all A_CLEANUP(processes_free) = {0};
	struct fault ignored;
	bool any = false;

	if (processes_read(&all, &ignored) < 0)
		return false;
	for (size_t i = 0; i < all.count; i++) {
		const struct process *child = &all.items[i];

		if (child->parent != getpid() || is_other(p, child->id.pid))
			continue;
		any = true;
		for (const struct process *q = child; q; q = processes_below(&all, child, q))
			procid_kill(q->id);
	}
	return any;
}

static void clear_rest(const struct program *p)
{
	const struct timespec between = {.tv_nsec = BETWEEN_MS * 1000000L};
	pid_t pid;

	for (int i = 0; i < CLEAR_TRIES; i++) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 || !kill_rest(p))
			return;
		nanosleep(&between, NULL);
	}
}

int program_clear(struct program *p, int *signal)
{
	int status = 0;

	program_kill(p);
	while (waitpid(p->id.pid, &status, 0) < 0 && errno == EINTR)
		;
	clear_rest(p);
	fd_close(&p->in);
	fd_close(&p->out[LOG_STDOUT]);
	fd_close(&p->out[LOG_STDERR]);
	p->id = (struct procid){0};
	p->ended = false;
	*signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return *signal ? EXIT_SIGNALLED + *signal : WEXITSTATUS(status);
}
