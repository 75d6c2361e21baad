/*
 * What /proc/PID/stat tells of a process (proc(5)): its numbers, by theirs. The second field is the
 * program's name, which may have blanks and parentheses in it, so that all else is found from the
 * last of these.
 */
#ifndef MIRARI_CORE_PROCSTAT_H
#define MIRARI_CORE_PROCSTAT_H

#include "core/attr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum procstat_field {
	PROCSTAT_PPID = 4,
	PROCSTAT_PGRP,
	PROCSTAT_SESSION,
	PROCSTAT_UTIME = 14, /* clock ticks, as are the others */
	PROCSTAT_STIME,
	PROCSTAT_CUTIME, /* of children that were waited for */
	PROCSTAT_CSTIME,
	PROCSTAT_STARTTIME = 22, /* since boot */
	PROCSTAT_RSS = 24,       /* pages */
	PROCSTAT_FIELDS
};

struct procstat {
	bool ended;                       /* and only its parent doesn't know yet */
	uint64_t fields[PROCSTAT_FIELDS]; /* 0 for a negative one */
};

/* False when there is no process of that number. */
bool procstat_read(pid_t pid, struct procstat *into) A_MUST_CHECK;

#endif
