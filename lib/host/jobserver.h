/*
 * GNU make's jobserver (GNU Make manual, "POSIX Jobserver Interaction"): a pipe with one byte for
 * each job that may run beside the first. Who starts another job takes a byte and puts it back
 * when the job has ended. Programs below find the pipe by --jobserver-auth in MAKEFLAGS.
 */
#ifndef MIRARI_HOST_JOBSERVER_H
#define MIRARI_HOST_JOBSERVER_H

#include "core/attr.h"
#include "core/fault.h"

#include <stdbool.h>

struct jobserver {
	int take;  /* our own view of the reading end, which doesn't block; -1 without a pipe */
	int give;  /* the writing end */
	int read;  /* the reading end that others inherit; -1 when the pipe isn't ours */
	bool free; /* the job that needs no byte is to be had */
};

void jobserver_close(struct jobserver *j);

/* With `jobs` 0: joins the make that has started us, if it has a jobserver, else one with a job for
 * each processor. Otherwise a new one with that many. Programs that are started from then on
 * belong to it (MAKEFLAGS, MAKELEVEL). jobserver_close may be called on one that is zeroed but for
 * its descriptors, which are then -1. */
int jobserver_open(struct jobserver *j, unsigned jobs, struct fault *fault) A_MUST_CHECK;

/* Are we a job of a make with others beside it (a recipe, or below a jobserver_open)? */
bool jobserver_above(void);

/* Takes a job: true with what jobserver_give wants back, or false when none is to be had now;
 * `take` becomes readable when there may be one again. */
bool jobserver_take(struct jobserver *j, int *token);
void jobserver_give(struct jobserver *j, int token);

#endif
