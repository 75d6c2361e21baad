/*
 * opam as it is on this machine: its root, the switch that a command belongs in, what is installed
 * there. Read from opam's own files; opam itself is started only to install, and for `opam exec`.
 */
#ifndef MIRARI_HOST_OPAM_H
#define MIRARI_HOST_OPAM_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stdbool.h>

struct opam {
	struct buf root;   /* absolute; empty when there is no opam root */
	struct buf name;   /* the switch; empty when none is in use */
	struct buf prefix; /* its directory */
};

void opam_free(struct opam *o);

/*
 * Finds the root ($OPAMROOT, else ~/.opam) and the switch: `asked` if not NULL, else as opam
 * resolves it: $OPAMSWITCH, the nearest _opam of this root at or above `dir` (NULL: the working
 * directory), the root's current switch. No root, or none of these, is no fault: both are then
 * empty, and commands run with what PATH has. A switch that was asked for and isn't there is one,
 * which lists those that are.
 */
int opam_find(struct opam *o, const char *asked, const char *dir, struct fault *fault) A_MUST_CHECK;

/* Adds those of the packages that the switch doesn't have. "name" is any version of it,
 * "name.version" that one, "name>=version" and its like those. */
int opam_missing(const struct opam *o, const struct strv *packages, struct strv *missing,
    struct fault *fault) A_MUST_CHECK;

/* For when `command` could not be started: if it is opam that isn't there, adds how to get it.
 * Returns -1. */
int opam_explain(const struct strv *command, struct fault *fault);

/* Installs them: `opam install --yes`, its output to standard error. */
int opam_install(
    const struct opam *o, const struct strv *packages, struct fault *fault) A_MUST_CHECK;

/* Appends what runs `command` inside the switch: opam exec, or the command itself when there is no
 * switch or the environment is that switch's already. opam exec expands %{…}% in arguments, so
 * every % is doubled; without --set-switch and --set-root a nested opam would use another switch.
 */
void opam_exec_command(const struct opam *o, const struct strv *command, struct strv *into);

#endif
