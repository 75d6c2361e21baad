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
	bool missing;      /* by opam_find: the switch isn't there, and could be made */
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

/* For when `command` could not be started: if it is opam that isn't there, adds how to get it.
 * Returns -1. */
int opam_explain(const struct strv *command, struct fault *fault);

/* Appends what runs `command` inside the switch: opam exec, or the command itself when there is no
 * switch or the environment is that switch's already. opam exec expands %{…}% in arguments, so
 * every % is doubled; without --set-switch and --set-root a nested opam would use another switch.
 */
void opam_exec_command(const struct opam *o, const struct strv *command, struct strv *into);

/* Adds the variables of the environment inside the switch, NAME=VALUE: our own, when it is that of
 * the switch already. */
int opam_environment(const struct opam *o, struct strv *into, struct fault *fault) A_MUST_CHECK;

#endif
