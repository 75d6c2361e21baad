#include "host/opamlock.h"

#include "core/fd.h"
#include "core/printable.h"
#include "core/proc.h"

#include <errno.h>
#include <fcntl.h>
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

/* The process that has the lock, if it isn't `child` or one of its own: its pid, 0 when there is
 * none, -1 when there is one that can't be seen from here (in another pid namespace). */
static pid_t holder(const struct opam *o, pid_t child)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd A_CLEANUP(fd_close) = -1;

	buf_printf(&path, "%s/.opam-switch/lock", buf_str(&o->prefix));
	fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ||
	    is_of(lock.l_pid, child))
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
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

static int give_up(const struct opam *o, const char *who, const struct opamlock_limit *limit,
    struct child *child, struct fault *fault)
{
	int ignored;

	/* it only waits, and ^C is how opam says that ends */
	kill(child->pid, SIGINT);
	if (proc_wait(child, &ignored, fault) < 0)
		return -1;
	fault_set(
	    fault, EX_TEMPFAIL, "another opam works on switch %s (%s)", buf_str(&o->name), who);
	return fault_hint(fault, "--wait=SECONDS waits longer than %u s for it", limit->seconds);
}

/* Waits for its end, or for that of another's work and our patience. */
static int watch(const struct opam *o, const struct opamlock_limit *limit, struct child *child,
    struct relay *relay, int *status, struct fault *fault)
{
	int64_t since = 0;

	while (!proc_ended(child, relay, LOOK_EVERY_MS)) {
		struct buf who A_CLEANUP(buf_free) = {0};
		pid_t other = holder(o, child->pid);

		if (!other) {
			since = 0;
			continue;
		}
		describe(other, &who);
		if (!since) {
			since = now_ms();
			if (limit->seconds && limit->waiting)
				limit->waiting(buf_str(&who), limit);
		}
		if (now_ms() - since >= (int64_t)limit->seconds * 1000)
			return give_up(o, buf_str(&who), limit, child, fault);
	}
	return proc_wait(child, status, fault);
}

int opamlock_run(const struct opam *o, const struct strv *command,
    const struct opamlock_limit *limit, int *status, struct fault *fault)
{
	struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	struct relay relay;
	struct child child;
	int result = -1;

	relay_start(&relay);
	if (proc_start(command, &io, &child, fault) == 0)
		result = watch(o, limit, &child, &relay, status, fault);
	relay_stop(&relay, true);
	return result;
}
