/*
 * opam's locks: fcntl locks on files that whoever changes a switch holds meanwhile
 * (src/core/opamFilename.ml, flock): PREFIX/.opam-switch/lock, for writing; ROOT/lock, for reading;
 * and ROOT/config.lock while a switch is made. Another opam waits for them, without a limit.
 */
#ifndef MIRARI_HOST_OPAMLOCK_H
#define MIRARI_HOST_OPAMLOCK_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/opam.h"

enum { OPAMLOCK_SECONDS = 300, OPAMLOCK_SECONDS_MAX = 86400 };

struct opamlock_limit {
	unsigned seconds; /* how long another opam is waited for; 0: not at all */
	/* told once, when waiting begins: who holds the lock ("pid 12: opam install lwt") */
	void (*waiting)(const char *holder, const struct opamlock_limit *limit);
};

/* Sets the seconds from a --wait=SECONDS, NULL for none; EX_USAGE. */
int opamlock_parse(
    struct opamlock_limit *limit, const char *seconds, struct fault *fault) A_MUST_CHECK;

/* Runs an opam that changes the switch, or makes it when it is missing, to its end, its output to
 * standard error, as proc_run does. While another one has a lock it waits; when that takes longer
 * than the limit it is stopped: EX_TEMPFAIL, and the fault names the other. */
int opamlock_run(const struct opam *o, const struct strv *command,
    const struct opamlock_limit *limit, int *status, struct fault *fault) A_MUST_CHECK;

/* Waits, as long as the limit lets us, until nobody works on the switch: one that is being made is
 * there before it is complete. */
int opamlock_wait(
    const struct opam *o, const struct opamlock_limit *limit, struct fault *fault) A_MUST_CHECK;

#endif
