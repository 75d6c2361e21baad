/*
 * A switch's environment without starting opam: from the file PREFIX/.opam-switch/environment that
 * opam keeps for it, as `opam exec --set-switch --set-root` computes it.
 *
 *     VARIABLE OPERATOR VALUE [COMMENT]                              opam 2.1
 *     VARIABLE OPERATOR VALUE [SEPARATOR FORMAT] [COMMENT]           2.2 and later
 *     VARIABLE OPERATOR VALUE [norewrite] [COMMENT]
 *
 * Words are separated by blanks and tabs; a backslash takes the next character as it is; @ alone is
 * the empty word (src/format/opamFile.ml, Environment; opamFormat.ml, lines_set).
 */
#ifndef MIRARI_HOST_OPAMENV_H
#define MIRARI_HOST_OPAMENV_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/opam.h"

/*
 * Changes this process's environment to that of the switch, undoing first what the switch that it
 * is in has done to it. 1: done. 0: something is there that isn't understood, or the file isn't;
 * nothing was changed, and opam has to do it. -1: opam would get it wrong too: the switch was moved
 * (2.1 doesn't notice), or its file stays half-written.
 */
int opamenv_enter(const struct opam *o, struct fault *fault) A_MUST_CHECK;

#endif
