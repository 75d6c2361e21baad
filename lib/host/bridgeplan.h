/* What `mirari-tap bridge` does, as commands of iproute2 and nftables for a shell: for -n. As
 * host/tapplan.h. */
#ifndef MIRARI_HOST_BRIDGEPLAN_H
#define MIRARI_HOST_BRIDGEPLAN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends it; `kept` as network_bridge (host/network.h) has it. */
int bridgeplan(const struct netdevs *devices, bool kept, uid_t owner, struct buf *into,
    struct fault *fault) A_MUST_CHECK;

#endif
