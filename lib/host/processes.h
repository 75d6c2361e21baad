/*
 * All processes as they are now, by one walk of /proc (stat, proc(5)): who started whom, how long
 * each has run, and how much memory it has. A zeroed one is a valid empty one.
 */
#ifndef MIRARI_HOST_PROCESSES_H
#define MIRARI_HOST_PROCESSES_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/procid.h"

#include <stddef.h>
#include <stdint.h>

struct process {
	struct procid id;
	pid_t parent, group, session;
	uint64_t cpu_ms;   /* of it, and of its children that have ended and were waited for */
	uint64_t resident; /* bytes */
	/* the module's own: places in the table, plus 1 */
	uint32_t first_child, next_sibling;
};

struct processes {
	struct process *items; /* owned; in the order of their numbers */
	size_t count, room;
};

void processes_free(struct processes *p);

/* Those that have ended but weren't waited for aren't there. */
int processes_read(struct processes *p, struct fault *fault) A_MUST_CHECK;

/* NULL when it wasn't there. */
const struct process *processes_find(const struct processes *p, struct procid id);

/* It and all below it: for (const struct process *q = top; q; q = processes_below(p, top, q)) */
const struct process *processes_below(
    const struct processes *p, const struct process *top, const struct process *last);

#endif
