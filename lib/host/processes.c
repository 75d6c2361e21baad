#include "host/processes.h"

#include "core/mem.h"
#include "core/procstat.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

void processes_free(struct processes *p)
{
	free(p->items);
	*p = (struct processes){0};
}

static bool read_one(pid_t pid, struct process *into)
{
	static long tick, page;
	struct procstat now;
	const uint64_t *f = now.fields;

	if (!procstat_read(pid, &now) || now.ended)
		return false;
	if (!tick) {
		tick = sysconf(_SC_CLK_TCK);
		page = sysconf(_SC_PAGESIZE);
	}
	*into = (struct process){.id = {pid, f[PROCSTAT_STARTTIME]},
	    .parent = (pid_t)f[PROCSTAT_PPID],
	    .group = (pid_t)f[PROCSTAT_PGRP],
	    .session = (pid_t)f[PROCSTAT_SESSION],
	    .cpu_ms =
		(f[PROCSTAT_UTIME] + f[PROCSTAT_STIME] + f[PROCSTAT_CUTIME] + f[PROCSTAT_CSTIME]) *
		1000 / (uint64_t)tick,
	    .resident = f[PROCSTAT_RSS] * (uint64_t)page};
	return true;
}

static struct process *by_number(const struct processes *p, pid_t pid)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->items[middle].id.pid == pid)
			return &p->items[middle];
		if (p->items[middle].id.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->id.pid > y->id.pid) - (x->id.pid < y->id.pid);
}

/* Who starts another was there before it, so that a number that was used again is no parent. Within
 * one tick of the clock that can't be told, and a ring would have no end. */
static bool is_parent(
    const struct processes *p, const struct process *parent, const struct process *child)
{
	if (!parent || parent->id.started != child->id.started)
		return parent && parent->id.started < child->id.started;
	for (size_t steps = 0; parent && parent->id.started == child->id.started; steps++) {
		if (parent == child || steps > p->count)
			return false;
		parent = by_number(p, parent->parent);
	}
	return true;
}

/* /proc shows them in the order of their numbers as long as none is added; that isn't promised. */
static void link_up(struct processes *p)
{
	if (p->count)
		qsort(p->items, p->count, sizeof *p->items, compare);
	for (size_t i = p->count; i-- > 0;) {
		struct process *parent = by_number(p, p->items[i].parent);

		if (!is_parent(p, parent, &p->items[i]))
			continue;
		p->items[i].next_sibling = parent->first_child;
		parent->first_child = (uint32_t)i + 1;
	}
}

int processes_read(struct processes *p, struct fault *fault)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	p->count = 0;
	if (!dir)
		return fault_errno(fault, EX_OSERR, errno, "/proc");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		if (p->count == p->room) {
			p->room = p->room ? p->room * 2 : 256;
			p->items = mem_resize(p->items, p->room, sizeof *p->items);
		}
		p->count += read_one((pid_t)strtol(entry->d_name, NULL, 10), &p->items[p->count]);
	}
	closedir(dir);
	link_up(p);
	return 0;
}

const struct process *processes_find(const struct processes *p, struct procid id)
{
	const struct process *found = id.pid > 0 ? by_number(p, id.pid) : NULL;

	return found && procid_same(found->id, id) ? found : NULL;
}

const struct process *processes_below(
    const struct processes *p, const struct process *top, const struct process *last)
{
	if (last->first_child)
		return &p->items[last->first_child - 1];
	while (last != top) {
		if (last->next_sibling)
			return &p->items[last->next_sibling - 1];
		last = by_number(p, last->parent);
		if (!last)
			return NULL;
	}
	return NULL;
}
