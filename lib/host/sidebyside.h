/*
 * Commands that run side by side, as many at once as a jobserver lets us, each with a file of its
 * own for what it prints.
 */
#ifndef MIRARI_HOST_SIDEBYSIDE_H
#define MIRARI_HOST_SIDEBYSIDE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"
#include "host/jobserver.h"

#include <stddef.h>

enum job_state { JOB_WAITS, JOB_RUNS, JOB_ENDED };

struct job {
	struct strv command; /* the caller's, like what follows */
	const char *log;     /* the file for its output and errors; replaced */
	enum job_state state;
	int status;         /* once it has ended: as of proc_wait */
	struct fault fault; /* why it could not be started; its status is 0 otherwise */
	struct child child;
	int token;
};

/* Runs all that are JOB_WAITS to their end; `changed` is told when one has begun to run, and when
 * it has ended. SIGINT, SIGTERM and SIGHUP are passed on to those that run, no other is started
 * then, and *interrupted is set to the signal's number (else to 0) once all have ended. */
int sidebyside_run(struct job *jobs, size_t count, struct jobserver *server,
    void (*changed)(const struct job *job, void *context), void *context, int *interrupted,
    struct fault *fault) A_MUST_CHECK;

#endif
