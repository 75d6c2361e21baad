#include "host/opamlock.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/num.h"
#include "core/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 100, SHOWN_MAX = 80 };

/* The process that keeps us from locking the file so: its pid, 0 when there is none or it is
 * `child` or one of its own, -1 when it can't be seen from here (in another pid namespace). */
static pid_t holder(const struct buf *dir, const char *file, short type, pid_t child)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int fd A_CLEANUP(fd_close) = -1;

	buf_printf(&path, "%s/%s", buf_str(dir), file);
	fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ||
	    relay_is_below(lock.l_pid, child))
		return 0; /* an opam on PATH may be a script that starts the real one */
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

static pid_t any_holder(const struct opam *o, pid_t child)
{
	pid_t pid = holder(&o->prefix, ".opam-switch/lock", F_WRLCK, child);

	if (!pid)
		pid = holder(&o->root, "lock", F_RDLCK, child);
	if (!pid && o->missing)
		pid = holder(&o->root, "config.lock", F_WRLCK, child);
	return pid;
}

static void describe(pid_t pid, struct buf *into)
{
	struct buf words A_CLEANUP(buf_free) = {.max = 1 << 16}, path A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	char shown[SHOWN_MAX + 1];

	if (pid < 0) {
		buf_adds(into, "a process in another pid namespace");
		return;
	}
	buf_printf(into, "pid %d", (int)pid);
	buf_printf(&path, "/proc/%d/cmdline", (int)pid);
	if (file_read(buf_str(&path), EX_OSERR, &words, &ignored) < 0)
		return;
	for (size_t i = 0; i + 1 < words.length; i++)
		if (!words.bytes[i])
			words.bytes[i] = ' ';
	if (!words.length)
		return;
	snprintf(shown, sizeof shown, "%s", buf_str(&words));
	buf_printf(into, ": %s%s", shown, words.length > sizeof shown ? "..." : "");
}

/* One that another keeps waiting, and how long already. */
struct patience {
	const struct opam *opam;
	const struct opamlock_limit *limit;
	int64_t since; /* 0: nobody keeps us waiting */
};

/* True when it has ended: the fault names who it is. */
static bool is_over(struct patience *p, pid_t child, struct fault *fault)
{
	struct buf who A_CLEANUP(buf_free) = {0};
	pid_t other = any_holder(p->opam, child);

	if (!other) {
		p->since = 0;
		return false;
	}
	describe(other, &who);
	if (!p->since) {
		p->since = clock_ms();
		if (p->limit->seconds && p->limit->waiting)
			p->limit->waiting(buf_str(&who), p->limit);
	}
	if (clock_ms() - p->since < (int64_t)p->limit->seconds * 1000)
		return false;
	fault_set(fault, EX_TEMPFAIL, "another opam works on switch %s (%s)",
	    buf_str(&p->opam->name), buf_str(&who));
	fault_hint(fault, "--wait=SECONDS waits longer than %u s for it", p->limit->seconds);
	return true;
}

int opamlock_parse(struct opamlock_limit *limit, const char *seconds, struct fault *fault)
{
	uint64_t number = OPAMLOCK_SECONDS;

	if (seconds && num_parse(seconds, 0, OPAMLOCK_SECONDS_MAX, &number) != NUM_OK)
		return fault_set(fault, EX_USAGE,
		    "--wait=%s: expected a whole number of seconds from 0 to %d", seconds,
		    OPAMLOCK_SECONDS_MAX);
	limit->seconds = (unsigned)number;
	return 0;
}

int opamlock_run(const struct opam *o, const struct strv *command,
    const struct opamlock_limit *limit, int *status, struct fault *fault)
{
	struct patience patience = {.opam = o, .limit = limit};
	struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	struct relay relay;
	struct child child;
	int result = -1, ignored;

	relay_start(&relay);
	if (proc_start(command, &io, &child, fault) == 0) {
		struct fault other;
		bool over = false;

		while (!over && !proc_ended(&child, &relay, LOOK_EVERY_MS))
			over = is_over(&patience, child.pid, &other);
		/* it only waits, and ^C is how opam says that ends; no process of it goes on */
		if (over)
			relay_pass(child.pid, SIGINT);
		result = proc_wait(&child, over ? &ignored : status, fault);
		if (over && result == 0) {
			*fault = other;
			result = -1;
		}
	}
	relay_stop(&relay, true);
	return result;
}

int opamlock_wait(const struct opam *o, const struct opamlock_limit *limit, struct fault *fault)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
	struct patience patience = {.opam = o, .limit = limit};

	while (!is_over(&patience, 0, fault)) {
		if (!patience.since)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}
