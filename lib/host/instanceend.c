#include "host/instanceend.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/mem.h"
#include "host/cgroup.h"
#include "host/cleanup.h"
#include "host/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { AT_ONCE = 256, ROUND_MS = 20 };

/* ---- what a supervisor has left -----------------------------------------------------------------
 */

/* Is it in the program's process group? Its leader tells. Once that has ended, another process may
 * have had its number and made a group of its own, but not in the supervisor's session. */
static bool in_group(
    const struct instance *i, const struct process *leader, const struct process *p)
{
	if (p->group != i->process.pid || p->id.started < i->process.started)
		return false;
	return leader ? leader->group == i->process.pid : p->session == i->supervisor.pid;
}

/* How many there were. */
static size_t kill_all(const struct instance *i, const struct processes *all)
{
	const struct process *top = processes_find(all, i->process);
	size_t count = 0;

	/* the group first: whose parent ends is nobody's child any more */
	for (size_t k = 0; k < all->count; k++)
		if (in_group(i, top, &all->items[k])) {
			procid_kill(all->items[k].id);
			count++;
		}
	for (const struct process *p = top; p; p = processes_below(all, top, p)) {
		procid_kill(p->id);
		count++;
	}
	return count;
}

/* Its control group, if that is there: of this boot, and made for it. */
static void open_cgroup(const struct instances *s, const struct instance *i, struct cgroup *into)
{
	const char *path = rec_get(&i->record, "instance.cgroup");
	const char *boot = rec_get(&i->record, "instance.boot");
	const char *slash = path ? strrchr(path, '/') : NULL;
	char name[NAME_MAX + 1];
	struct statfs fs;

	snprintf(name, sizeof name, "/mirari-%s", i->name);
	if (!slash || strcmp(slash, name) || !boot || strcmp(boot, s->boot))
		return;
	into->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (into->dir >= 0 && (fstatfs(into->dir, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC))
		fd_close(&into->dir);
	buf_adds(&into->path, path);
}

/* Is it still as it was? Its name could have been taken again, and the control group be another's.
 */
static bool is_same(const struct instances *s, const struct instance *i)
{
	struct instance now A_CLEANUP(instance_free) = {0};
	struct fault ignored;

	return instance_read(s, i->name, &now, &ignored) > 0 && now.status == INSTANCE_LOST &&
	       procid_same(now.supervisor, i->supervisor);
}

static int end_cgroup(const struct instances *s, const struct instance *i, struct fault *fault)
{
	struct cgroup group A_CLEANUP(cgroup_close) = CGROUP_NONE;
	int lock A_CLEANUP(fd_close) = -1;

	open_cgroup(s, i, &group);
	if (group.dir < 0)
		return 0;
	lock = instances_lock(s, fault);
	if (lock < 0)
		return -1;
	if (is_same(s, i))
		cgroup_remove(&group);
	return 0;
}

/* Kills what still runs of one that is lost: its program, what that has started, and its process
 * group and control group, and what its cleanup ends. `found` is set when there was anything.
 * EX_TEMPFAIL: it doesn't end. */
static int end_lost(
    const struct instances *s, const struct instance *i, bool *found, struct fault *fault)
{
	struct processes all A_CLEANUP(processes_free) = {0};
	int64_t end = clock_ms() + STOP_KILL_MS;

	*found = false;
	if (i->process.pid) {
		for (;;) {
			if (processes_read(&all, fault) < 0)
				return -1;
			if (!kill_all(i, &all))
				break;
			*found = true;
			if (clock_ms() > end)
				return fault_set(fault, EX_TEMPFAIL,
				    "%s: process %d was killed, but doesn't end", i->name,
				    (int)i->process.pid);
			(void)poll(NULL, 0, ROUND_MS);
		}
	}
	if (end_cgroup(s, i, fault) < 0)
		return -1;
	*found = *found || cleanup_is_needed(&i->record);
	return cleanup_run(&i->record, fault);
}

/* ---- stopping -----------------------------------------------------------------------------------
 */

static void fail(struct stopping *st)
{
	st->result = STOP_FAILED;
	st->over = true;
}

static void send(struct stopping *st, int number)
{
	st->last = number;
	if (pidfd_send_signal(st->pidfd, number, NULL, 0) == 0 || errno == ESRCH)
		return;
	fault_errno(&st->fault, 0, errno, "%s: signal its supervisor, process %d", st->name,
	    (int)st->supervisor.pid);
	fail(st);
}

/* Lost: maybe by us. */
static void clear_away(const struct instances *s, struct stopping *st, const struct instance *i)
{
	bool ours = st->last, found;

	if (end_lost(s, i, &found, &st->fault) < 0 ||
	    instance_settle(s, i, ours || found ? INSTANCE_STOPPED : INSTANCE_LOST, &st->fault) <
		0) {
		fail(st);
		return;
	}
	st->over = true;
	st->status = INSTANCE_LOST;
	st->result = ours || found ? STOP_KILLED : STOP_ENDED_BEFORE;
}

/* Looks at it, at first and whenever its supervisor has ended: one that is starting has another one
 * then. */
static void look(const struct instances *s, struct stopping *st)
{
	struct instance i A_CLEANUP(instance_free) = {0};

	fd_close(&st->pidfd);
	while (!st->over && st->pidfd < 0) {
		instance_free(&i);
		if (instance_find(s, st->name, &i, &st->fault) < 0) {
			if (st->last && st->fault.status == EXIT_NO)
				st->over = true; /* removed as soon as it had ended */
			else
				fail(st);
			return;
		}
		st->status = i.status;
		if (i.status == INSTANCE_LOST && !i.settled) {
			clear_away(s, st, &i);
		} else if (!instance_is_live(i.status)) {
			st->over = true;
			if (!st->last)
				st->result = STOP_ENDED_BEFORE;
		} else {
			st->supervisor = i.supervisor;
			st->pidfd = procid_open(i.supervisor);
			/* gone between two looks: it is lost, or has written its end */
			if (st->pidfd < 0 && procid_is_alive(i.supervisor)) {
				fault_errno(&st->fault, EX_OSERR, errno, "pidfd_open");
				fail(st);
			}
		}
	}
	if (!st->over)
		send(st, st->last ? st->last : SIGTERM);
}

/* Its time is over. */
static void press(struct stopping *st, int64_t now)
{
	if (now < st->deadline)
		return;
	st->deadline = now + STOP_KILL_MS;
	if (st->last == SIGKILL) {
		fault_set(&st->fault, EX_TEMPFAIL,
		    "%s: its supervisor, process %d, was killed, but doesn't end", st->name,
		    (int)st->supervisor.pid);
		fail(st);
		return;
	}
	st->result = STOP_KILLED;
	send(st, st->last == SIGTERM ? SIGQUIT : SIGKILL);
}

static void stop_some(
    const struct instances *s, struct stopping *each, size_t count, int64_t timeout_ms)
{
	struct pollfd polled[AT_ONCE];
	int64_t now = clock_ms();
	size_t left = count;

	for (size_t i = 0; i < count; i++) {
		struct stopping *st = &each[i];

		*st =
		    (struct stopping){.name = st->name, .pidfd = -1, .deadline = now + timeout_ms};
		look(s, st);
	}
	while (left) {
		int64_t next = INT64_MAX;

		left = 0;
		now = clock_ms();
		for (size_t i = 0; i < count; i++) {
			struct stopping *st = &each[i];

			if (!st->over)
				press(st, now);
			if (st->over)
				fd_close(&st->pidfd);
			polled[i] = (struct pollfd){.fd = st->pidfd, .events = POLLIN};
			left += !st->over;
			next = !st->over && st->deadline < next ? st->deadline : next;
		}
		if (!left || poll(polled, count, (int)(next - now)) <= 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (polled[i].revents)
				look(s, &each[i]);
	}
}

void stoppings_free(struct stoppings *all)
{
	free(all->each);
	*all = (struct stoppings){0};
}

void instances_stop(
    const struct instances *s, const struct strv *names, int64_t timeout_ms, struct stoppings *into)
{
	into->count = names->count;
	into->each = mem_zeroed(names->count, sizeof *into->each);
	for (size_t i = 0; i < names->count; i++)
		into->each[i].name = names->items[i];
	/* descriptors are limited */
	for (size_t i = 0; i < into->count; i += AT_ONCE)
		stop_some(s, into->each + i, into->count - i < AT_ONCE ? into->count - i : AT_ONCE,
		    timeout_ms);
}

/* ---- the lost ones ------------------------------------------------------------------------------
 */

/* 1 when it was lost and not yet cleared away. */
static int clear_one(const struct instances *s, const char *name, bool dry_run, struct fault *fault)
{
	struct instance i A_CLEANUP(instance_free) = {0};
	int got = instance_read(s, name, &i, fault);
	bool found;

	if (got <= 0 || i.status != INSTANCE_LOST || i.settled)
		return got < 0 ? -1 : 0;
	if (!dry_run && (end_lost(s, &i, &found, fault) < 0 ||
			    instance_settle(s, &i, INSTANCE_LOST, fault) < 0))
		return -1;
	return 1;
}

int instances_gc(const struct instances *s, bool dry_run, int (*complain)(const struct fault *),
    struct strv *names, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};
	int result = instance_names(s, &all, fault);

	if (result < 0)
		complain(fault);
	for (size_t i = 0; i < all.count; i++) {
		struct fault why;
		int got = clear_one(s, all.items[i], dry_run, &why);

		if (got > 0)
			strv_add(names, all.items[i]);
		if (got >= 0)
			continue;
		complain(&why);
		*fault = why;
		result = -1;
	}
	return result;
}
