/*
 * opam's lock of a switch: an fcntl lock on PREFIX/.opam-switch/lock, which whoever changes the
 * switch holds meanwhile (src/core/opamFilename.ml, flock). Another opam waits for it, without a
 * limit.
 */
#ifndef MIRARI_HOST_OPAMLOCK_H
#define MIRARI_HOST_OPAMLOCK_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/opam.h"

struct opamlock_limit {
	unsigned seconds; /* how long another opam is waited for; 0: not at all */
	/* told once, when waiting begins: who holds the lock ("pid 12: opam install lwt") */
	void (*waiting)(const char *holder, const struct opamlock_limit *limit);
};

/* Runs an opam that changes the switch to its end, its output to standard error, as proc_run does.
 * While another one has the lock it waits; when that takes longer than the limit it is stopped:
 * EX_TEMPFAIL, and the fault names the other. */
int opamlock_run(const struct opam *o, const struct strv *command,
    const struct opamlock_limit *limit, int *status, struct fault *fault) A_MUST_CHECK;

#endif
