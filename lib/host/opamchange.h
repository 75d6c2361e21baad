/*
 * What changes an opam switch: packages installed, the switch made. opam is started for what is
 * missing only, once, and its output goes to standard error.
 */
#ifndef MIRARI_HOST_OPAMCHANGE_H
#define MIRARI_HOST_OPAMCHANGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/opam.h"
#include "host/opamlock.h"

#include <stdbool.h>

/* What opam may do. */
struct opamchange {
	bool depexts; /* install missing system packages (depexts) too */
	struct opamlock_limit limit;
};

/* Adds those of the packages that the switch doesn't have. "name" is any version of it,
 * "name.version" that one, "name>=version" and its like those. */
int opam_missing(const struct opam *o, const struct strv *packages, struct strv *missing,
    struct fault *fault) A_MUST_CHECK;

/* Installs them. System packages that are missing are named in the fault. */
int opam_install(const struct opam *o, const struct strv *packages, const struct opamchange *how,
    struct fault *fault) A_MUST_CHECK;

/* Makes the switch that opam_find has found missing; which one is the current one stays as it is.
 * `compilers`: what it is made of; none: opam chooses by the switch's name. `repositories`: each
 * NAME=URL, in front of those of the root. One that somebody else has made meanwhile is fine. */
int opam_create(const struct opam *o, const struct strv *compilers, const struct strv *repositories,
    const struct opamchange *how, struct fault *fault) A_MUST_CHECK;

#endif
