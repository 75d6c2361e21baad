/*
 * A process as something to be written down and found again: its number alone may be another's by
 * then, so its start time goes with it (core/procstat.h).
 */
#ifndef MIRARI_CORE_PROCID_H
#define MIRARI_CORE_PROCID_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct procid {
	pid_t pid;        /* 0: no process */
	uint64_t started; /* in clock ticks since boot */
};

/* The process as it is now; pid is 0 when there is none of that number, or it has ended and only
 * its parent doesn't know yet. */
struct procid procid_of(pid_t pid);

bool procid_is_alive(struct procid id);

bool procid_same(struct procid one, struct procid other);

/* A pidfd of exactly this process, or -1 with errno set: ESRCH when it is gone. */
int procid_open(struct procid id) A_MUST_CHECK;

/* Kills exactly this process. It may be gone already; that it isn't yet has to be looked at. */
void procid_kill(struct procid id);

/* As PID.STARTED, and back; false when it is anything else. */
void procid_text(struct procid id, struct buf *into);
bool procid_parse(const char *text, struct procid *into) A_MUST_CHECK;

#endif
