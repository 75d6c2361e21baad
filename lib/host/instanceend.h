/*
 * Ending instances (host/instance.h). A signal goes only to a process that is known by more than
 * its number, through a pidfd.
 *
 * A supervisor (mirari-supervise) that gets SIGTERM ends its program by SIGTERM and doesn't start
 * it again; with SIGQUIT it kills the program's process group at once. Either way it writes down
 * what has become of it, and ends. What doesn't is killed here.
 */
#ifndef MIRARI_HOST_INSTANCEEND_H
#define MIRARI_HOST_INSTANCEEND_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/instance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STOP_DEFAULT_S = 10, /* what a program is given to end by itself */
	STOP_KILL_MS = 1000  /* what a supervisor is given then, each time */
};

enum stop_result {
	STOP_DONE,
	STOP_KILLED,       /* done, but not by itself */
	STOP_ENDED_BEFORE, /* there was nothing to do */
	STOP_FAILED        /* see its fault; EXIT_NO: there is none of that name */
};

struct stopping {
	const char *name; /* borrowed */
	enum stop_result result;
	enum instance_status status; /* of one that had ended before */
	struct fault fault;
	/* the module's own */
	struct procid supervisor;
	int pidfd;
	int last; /* the signal that was sent last */
	int64_t deadline;
	bool over;
};

struct stoppings {
	struct stopping *each; /* owned */
	size_t count;
};

void stoppings_free(struct stoppings *all);

/* Stops all of them at the same time: each has so long to end by itself. *into has the answers, in
 * the order of the names, which are borrowed. */
void instances_stop(const struct instances *s, const struct strv *names, int64_t timeout_ms,
    struct stoppings *into);

/* Every one that is lost: ends what still runs of it, removes its socket, and writes down that it
 * is lost. Appends their names. What is wrong goes to `complain`, since it is no reason not to go
 * on with the others; the last of it is the fault. */
int instances_gc(const struct instances *s, bool dry_run, int (*complain)(const struct fault *),
    struct strv *names, struct fault *fault) A_MUST_CHECK;

#endif
