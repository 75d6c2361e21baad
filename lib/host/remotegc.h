/* What deployments that were killed have left on another machine, below ~/.mirari there. */
#ifndef MIRARI_HOST_REMOTEGC_H
#define MIRARI_HOST_REMOTEGC_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/sshlink.h"

#include <stdbool.h>

/* Removes half-written files, and the directories of what runs no more (host/remotefile.h has what
 * is spared). *removed: what was, a line each. *all is false when it can't be seen there which
 * domains run: then no directory that has xl's file goes. */
int remotegc(
    const struct sshlink *l, struct strv *removed, bool *all, struct fault *fault) A_MUST_CHECK;

#endif
