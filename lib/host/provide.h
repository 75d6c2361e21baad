/* What a record's build needs of this machine: the switch, packages, libraries, programs. */
#ifndef MIRARI_HOST_PROVIDE_H
#define MIRARI_HOST_PROVIDE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "host/opam.h"
#include "host/opamchange.h"

/* Finds the root and the switch, as opam_find does: `asked`, else the record's (a relative
 * directory starts at its config.dir). A switch that is missing is made when `create` is not NULL,
 * as the record's opam.create and opam.repository say. */
int provide_switch(struct opam *o, const char *asked, const struct rec *record,
    const struct opamchange *create, struct fault *fault) A_MUST_CHECK;

/* Installs what is missing of `packages` and of the record's. Without a switch the record's are
 * passed over, as they are when its `install` is false; `packages` then are a fault. */
int provide_packages(const struct opam *o, const struct strv *packages, const struct rec *record,
    const struct opamchange *how, struct fault *fault) A_MUST_CHECK;

/* Checks that the libraries and programs of the record's build are there, in the environment as it
 * is; the fault names those that aren't, and how to install them. */
int provide_check(const struct opam *o, const struct rec *record, struct fault *fault) A_MUST_CHECK;

#endif
