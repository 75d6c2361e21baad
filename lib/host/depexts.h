/*
 * Packages of the system that opam packages need ("depexts" in the opam manual), where opam has
 * stopped because some aren't there.
 */
#ifndef MIRARI_HOST_DEPEXTS_H
#define MIRARI_HOST_DEPEXTS_H

#include "core/fault.h"
#include "core/strv.h"
#include "host/opam.h"

#include <stdbool.h>

/* `repositories`: names with commas between them that a switch to be made would have, or NULL.
 * Asks opam what system packages these opam packages need, all that they depend on included, and
 * dpkg which are there. True when some are missing: the fault says that `what` lacks them and how
 * to install them. `tried`: opam was to install them itself. */
bool depexts_explain(const struct opam *o, const struct strv *packages, const char *repositories,
    const char *what, bool tried, struct fault *fault);

#endif
