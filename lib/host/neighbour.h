/*
 * Neighbours: what the kernel knows of IPv4 addresses behind an interface, and which of them are
 * reserved for a guest (RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH: rtnetlink(7), linux/neighbour.h).
 *
 * A reservation is a permanent neighbour entry of the bridge: `ip neigh show dev BRIDGE nud
 * permanent` shows it, it needs no file and no process, whoever answers DHCP looks it up, and it
 * goes with the bridge. Ours have a number of their own as the entry's protocol (NDA_PROTOCOL);
 * one that somebody else has set (`ip neigh replace … nud permanent`) counts as well. All go when
 * somebody takes the bridge down, or gives it another MAC address.
 */
#ifndef MIRARI_HOST_NEIGHBOUR_H
#define MIRARI_HOST_NEIGHBOUR_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/link.h"
#include "host/netlink.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Who has set a reservation (rtm_protocol has these free), and of ours, whether the host is the
 * guest's way to everywhere else. */
enum { NEIGHBOUR_OTHERS = 0, NEIGHBOUR_GATEWAY = 213, NEIGHBOUR_NO_GATEWAY = 214 };

struct neighbour {
	unsigned ifindex;
	struct in_addr address;
	uint8_t mac[MAC_BYTES];
	bool reserved;
	uint8_t origin; /* NEIGHBOUR_… */
};

struct neighbours {
	struct neighbour *items; /* owned */
	size_t count;
};

void neighbours_free(struct neighbours *n);

/* Those whose MAC address is known; of one interface, or with 0 of all. */
int neighbours_read(struct netlink *netlink, unsigned ifindex, struct neighbours *into,
    struct fault *fault) A_MUST_CHECK;

bool neighbour_is_ours(const struct neighbour *n);

/* The one that is reserved for this MAC address, or NULL. */
const struct neighbour *neighbours_reserved(
    const struct neighbours *all, unsigned ifindex, const uint8_t mac[MAC_BYTES]);

/* Reserves it, whatever the kernel knew of the address before. Returns 0; the errno with which the
 * kernel refused; or -1 with a fault. */
int neighbour_reserve(
    struct netlink *netlink, const struct neighbour *n, struct fault *fault) A_MUST_CHECK;

/* The same the other way; one that isn't there is fine. */
int neighbour_release(
    struct netlink *netlink, const struct neighbour *n, struct fault *fault) A_MUST_CHECK;

#endif
