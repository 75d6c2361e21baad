/*
 * A control group for one program, so that limits hold for all that it starts, and all of it can be
 * killed at once. Version 2 only (Documentation/admin-guide/cgroup-v2.rst of Linux, cgroups(7)).
 *
 * The group is made below the one that this process is in, as mirari-NAME. For that the latter must
 * be ours to change ("delegated"), and must have the controllers. As a group with controllers for
 * those below can't have processes itself, the ones that are in ours are moved into a group beside
 * the new one, mirari.rest, where we are delegated to: systemd's mark (the extended attribute
 * user.delegate or trusted.delegate) says so, or that the group is a user's who isn't root. Groups
 * of others are left as they are.
 */
#ifndef MIRARI_HOST_CGROUP_H
#define MIRARI_HOST_CGROUP_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "model/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the kernel says which group we are in and where groups are: /proc/self/cgroup and
 * /proc/self/mountinfo; others in tests. */
struct cgroup_world {
	const char *self;
	const char *mounts;
};

extern const struct cgroup_world cgroup_world;

/* The group for what was in ours. */
#define CGROUP_BESIDE "mirari.rest"

struct cgroup {
	struct buf path; /* absolute; empty: there is none */
	int dir;         /* open; -1: there is none */
	int procs;       /* open: its cgroup.procs */
	bool cpuset;     /* it has limits.cpuset, too */
};

#define CGROUP_NONE \
	{ \
		.dir = -1, .procs = -1 \
	}

void cgroup_close(struct cgroup *c);

/* The directory of the group that we are in. EX_UNAVAILABLE where there is no version 2. */
int cgroup_own(
    const struct cgroup_world *world, struct buf *path, struct fault *fault) A_MUST_CHECK;

/* Makes the group for these limits. One of that name which a killed supervisor has left is emptied
 * and made anew. When a limit can't be had, nothing is made, and the fault (EX_UNAVAILABLE) says
 * what is missing: memory and cpus need their controllers. cpuset doesn't: without its controller
 * c->cpuset stays false, and sched_setaffinity(2) does it; when there is nothing else to limit, no
 * group is made. */
int cgroup_make(struct cgroup *c, const struct cgroup_world *world, const char *name,
    const struct limits *limits, struct fault *fault) A_MUST_CHECK;

/* In a child, before exec: 0, or -1 with errno set. */
int cgroup_enter(const struct cgroup *c) A_MUST_CHECK;

/* Kills all that is in it, and in groups below. */
void cgroup_kill(const struct cgroup *c);

/* How often the kernel has killed something in it since memory.max was reached; 0 if unknown. */
uint64_t cgroup_oom_kills(const struct cgroup *c);

/* Kills what is in it, and removes it with all groups below; closed afterwards. What the kernel
 * doesn't end within a second stays. */
void cgroup_remove(struct cgroup *c);

#endif
