/* A unikernel that goes on without us: a part of host/running.h. */
#ifndef MIRARI_HOST_RUNDETACHED_H
#define MIRARI_HOST_RUNDETACHED_H

#include "core/attr.h"
#include "host/running.h"

/* Sees that its name is free, and asks mirari-solo5 whether it could run it; then starts it, and
 * sets *answer to what mirari-supervise says of it. Returns as running_find. */
int rundetached(const struct running *r, struct rec *answer, struct fault *fault) A_MUST_CHECK;

/* Appends what a shell does in place of launching: all that comes before the command. */
int rundetached_show(const struct running *r, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
