#include "host/invoker.h"

#include "core/fd.h"
#include "host/caps.h"
#include "host/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

int invoker_find(struct invoker *who, struct fault *fault)
{
	*who = (struct invoker){0};
	if (caps_invoker(&who->uid, &who->gid, fault) < 0)
		return -1;
	who->other = geteuid() == 0 && who->uid != 0;
	return 0;
}

/* Who was become has files of its own: sudo leaves root's HOME. */
static int take_home(uid_t uid, struct fault *fault)
{
	const struct passwd *user = getpwuid(uid);

	if (!user)
		return 0; /* a number that nobody has given a name, nor a home */
	if (setenv("HOME", user->pw_dir, 1) < 0 || setenv("USER", user->pw_name, 1) < 0 ||
	    setenv("LOGNAME", user->pw_name, 1) < 0)
		return fault_errno(fault, EX_OSERR, errno, "setenv");
	return 0;
}

int invoker_become(uid_t uid, gid_t gid, struct fault *fault)
{
	const bool other = geteuid() != uid;

	if (caps_become(uid, gid, fault) < 0)
		return -1;
	return other ? take_home(uid, fault) : 0;
}

/* In a process between: becomes the user, and waits for the program. Why it couldn't be started
 * goes into the pipe. */
static void run_between(const struct invoker *who, const struct strv *command,
    const struct proc_io *io, const sigset_t *mask, int report)
{
	struct fault fault;
	int status;

	sigprocmask(SIG_SETMASK, mask, NULL);
	if (invoker_become(who->uid, who->gid, &fault) == 0 &&
	    proc_run(command, io, &status, &fault) == 0)
		_exit(status);
	(void)!fd_write(report, &fault, sizeof fault);
	_exit(fault.status);
}

static int start_between(const struct invoker *who, const struct strv *command,
    const struct proc_io *io, const sigset_t *mask, int report[2], struct child *child,
    struct fault *fault)
{
	if (pipe2(report, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	/* ignored by whoever started us, it would take the child's status away */
	signal(SIGCHLD, SIG_DFL);
	child->pid = fork();
	if (child->pid < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	if (child->pid == 0)
		run_between(who, command, io, mask, report[1]);
	fd_close(&report[1]);
	/* without it one looks again and again */
	child->ended = pidfd_open(child->pid, 0);
	return 0;
}

int invoker_run(const struct invoker *who, const struct strv *command, const struct proc_io *io,
    int *status, struct fault *fault)
{
	int report[2] = {-1, -1}, result = -1;
	struct relay relay;
	struct child child;
	struct fault why;

	if (!who->other)
		return proc_run(command, io, status, fault);
	relay_start(&relay);
	if (start_between(who, command, io, &relay.before, report, &child, fault) == 0) {
		while (!proc_ended(&child, &relay, -1))
			;
		result = proc_wait(&child, status, fault);
	}
	relay_stop(&relay, true);
	if (result == 0 && read(report[0], &why, sizeof why) == sizeof why) {
		*fault = why;
		result = -1;
	}
	fd_close(&report[0]);
	fd_close(&report[1]);
	return result;
}

int invoker_enter(const struct invoker *who, struct fault *fault)
{
	if (!who->other)
		return 0;
	if (setegid(who->gid) == 0 && seteuid(who->uid) == 0)
		return 0;
	fault_errno(fault, 0, errno, "become user %u", (unsigned)who->uid);
	(void)!setegid(getgid()); /* why it failed is known */
	return -1;
}

int invoker_leave(const struct invoker *who, struct fault *fault)
{
	if (!who->other || (seteuid(getuid()) == 0 && setegid(getgid()) == 0))
		return 0;
	return fault_errno(fault, 0, errno, "become root again");
}

static bool has(const struct instances *s, const char *name)
{
	struct instance i A_CLEANUP(instance_free) = {0};
	struct fault ignored;

	/* one that can't be read is there */
	return instance_read(s, name, &i, &ignored) != 0;
}

int invoker_open(struct instances *s, const struct invoker *who, const struct strv *names,
    bool *entered, struct fault *fault)
{
	struct instances others A_CLEANUP(instances_close) = {.dir = -1};
	int result = instances_open(s, false, fault);
	struct fault ignored;

	*entered = false;
	if (!who->other || !names->count || (result == 0 && has(s, names->items[0])))
		return result;
	if (invoker_enter(who, &ignored) < 0)
		return result;
	if (instances_open(&others, false, &ignored) < 0 || !has(&others, names->items[0]))
		return invoker_leave(who, fault) < 0 ? -1 : result;
	instances_close(s);
	*s = others;
	others = (struct instances){.dir = -1};
	*entered = true;
	return 0;
}

int invoker_open_plain(struct instances *s, const struct strv *names, struct fault *fault)
{
	struct invoker who;
	bool entered;

	if (invoker_find(&who, fault) < 0 || invoker_open(s, &who, names, &entered, fault) < 0)
		return -1;
	if (!entered)
		return 0;
	if (invoker_leave(&who, fault) < 0 || invoker_become(who.uid, who.gid, fault) < 0)
		return -1;
	return 0;
}

int invoker_next(struct instances *s, struct fault *fault)
{
	struct invoker who;

	if (invoker_find(&who, fault) < 0)
		return -1;
	if (!who.other)
		return 0;
	instances_close(s);
	if (invoker_become(who.uid, who.gid, fault) < 0 || instances_open(s, false, fault) < 0)
		return -1;
	return 1;
}
