#include "host/opamlock.h"

#include "core/fd.h"
#include "core/num.h"
#include "core/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 100, SHOWN_MAX = 80, GENERATIONS_MAX = 32 };

static void read_proc(pid_t pid, const char *file, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	into->max = 1 << 16;
	buf_printf(&path, "/proc/%d/%s", (int)pid, file);
	if (file_read(buf_str(&path), EX_OSERR, into, &ignored) < 0)
		buf_clear(into);
}

/* 0 when that can't be seen. proc(5), /proc/pid/stat: PID (NAME) STATE PPID …, any bytes in NAME.
 */
static pid_t parent(pid_t pid)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	const char *end;
	int ppid;

	read_proc(pid, "stat", &text);
	end = strrchr(buf_str(&text), ')');
	/* NOLINTNEXTLINE(cert-err34-c): the kernel's own number */
	return end && sscanf(end, ") %*c %d", &ppid) == 1 ? ppid : 0;
}

/* An opam on PATH may be a script that starts the real one, which then is the child's child. */
static bool is_of(pid_t pid, pid_t child)
{
	for (int i = 0; pid > 1 && i < GENERATIONS_MAX; i++, pid = parent(pid))
		if (pid == child)
			return true;
	return false;
}

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
	    is_of(lock.l_pid, child))
		return 0;
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
	struct buf words A_CLEANUP(buf_free) = {0};
	char shown[SHOWN_MAX + 1];

	if (pid < 0) {
		buf_adds(into, "a process in another pid namespace");
		return;
	}
	buf_printf(into, "pid %d", (int)pid);
	read_proc(pid, "cmdline", &words);
	for (size_t i = 0; i + 1 < words.length; i++)
		if (!words.bytes[i])
			words.bytes[i] = ' ';
	if (!words.length)
		return;
	snprintf(shown, sizeof shown, "%s", buf_str(&words));
	buf_printf(into, ": %s%s", shown, words.length > sizeof shown ? "..." : "");
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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
		p->since = now_ms();
		if (p->limit->seconds && p->limit->waiting)
			p->limit->waiting(buf_str(&who), p->limit);
	}
	if (now_ms() - p->since < (int64_t)p->limit->seconds * 1000)
		return false;
	fault_set(fault, EX_TEMPFAIL, "another opam works on switch %s (%s)",
	    buf_str(&p->opam->name), buf_str(&who));
	fault_hint(fault, "--wait=SECONDS waits longer than %u s for it", p->limit->seconds);
	return true;
}

/* It only waits, and ^C is how opam says that ends; all processes of a script that started it, too,
 * so that none goes on later. */
static void interrupt(pid_t child)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		uint64_t pid;

		if (num_parse(entry->d_name, 1, INT_MAX, &pid) == NUM_OK &&
		    is_of((pid_t)pid, child))
			kill((pid_t)pid, SIGINT);
	}
	if (proc)
		closedir(proc);
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
		if (over)
			interrupt(child.pid);
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
