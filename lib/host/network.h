/*
 * mirari-tap's work, behind an interface that knows no operating system: this, host/taplist.h,
 * host/tapexec.h, host/tapplan.h and host/doctor.h. On Linux taps that stay are made and removed
 * here, with what belongs to them; host/tap_other.c is for other systems, and says what is to be
 * done there.
 */
#ifndef MIRARI_HOST_NETWORK_H
#define MIRARI_HOST_NETWORK_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/tapgone.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <sys/types.h>

/* Who has started us, and by what right. */
struct network_user {
	uid_t uid;
	gid_t gid;
	bool limited; /* not root, but let by a file capability: what everybody may do. See
			 mirari-tap(1) */
};

int network_user(struct network_user *user, struct fault *fault) A_MUST_CHECK;

/* Makes the taps, with DHCP answers, NAT and published ports as their devices say; all of it is
 * there then, or nothing is. Devices without an owner get the user. Their ifindex is set. A signal
 * that comes meanwhile is heeded before anything stays, or after all does. */
int network_up(
    struct netdevs *devices, const struct network_user *user, struct fault *fault) A_MUST_CHECK;

/* Makes the bridges that the devices' guests are to be behind (netdev_bridge), as host/hostbridge.h
 * says, with DHCP, NAT and published ports; all of it is there then, or nothing is. `kept`: they
 * were asked for by name, and there are no guests. The devices' bridge is set. Signals are heeded
 * as above. */
int network_bridge(struct netdevs *devices, bool kept, const struct network_user *user,
    struct fault *fault) A_MUST_CHECK;

/* Removes as tapgone_remove, and the nftables tables of what is removed or isn't there. With
 * `litter` tables of taps that aren't there any more go as well, and are named in `removed`. */
int network_down(struct tapgone *g, struct fault *fault) A_MUST_CHECK;

#endif
