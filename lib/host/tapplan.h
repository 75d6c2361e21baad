/* What `mirari-tap up` does, as commands of iproute2 and nftables for a shell: for -n. It is what
 * is done where nothing is there yet; what only we can do is a comment. */
#ifndef MIRARI_HOST_TAPPLAN_H
#define MIRARI_HOST_TAPPLAN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "model/netdev.h"

#include <sys/types.h>

/* Appends it; `owner` is for taps whose device has none. */
int tapplan(
    const struct netdevs *devices, uid_t owner, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
