/* mirari-tap up, down and gc: taps that stay, and what belongs to them. */
#ifndef MIRARI_HOST_NETWORK_H
#define MIRARI_HOST_NETWORK_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/tapgone.h"
#include "host/taps.h"

/* Makes the taps, with DHCP answers, NAT and published ports as their devices say; all of it is
 * there then, or nothing is. `t` is filled as for taps_make, with `stay`. A signal that comes
 * meanwhile is heeded before anything stays, or after all does. */
int network_up(struct taps *t, struct fault *fault) A_MUST_CHECK;

/* Removes as tapgone_remove, and the nftables tables of what is removed. With `litter` tables of
 * taps that aren't there any more go as well, and are named in `removed`. */
int network_down(struct tapgone *g, struct fault *fault) A_MUST_CHECK;

#endif
