/*
 * Network interfaces and their addresses as the kernel has them now, by rtnetlink (RTM_GETLINK,
 * RTM_GETADDR; attributes in linux/if_link.h and linux/if_addr.h).
 */
#ifndef MIRARI_HOST_LINK_H
#define MIRARI_HOST_LINK_H

#include "core/attr.h"
#include "core/fault.h"
#include "model/netdev.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LINK_ALIAS_MAX = 256 }; /* IFALIASZ */

enum link_kind { LINK_OTHER, LINK_TAP, LINK_TUN, LINK_BRIDGE };

#define NO_ID ((uid_t)-1)

struct netlink; /* host/netlink.h */

struct link {
	unsigned ifindex;
	char name[IFNAMSIZ];
	char alias[LINK_ALIAS_MAX];
	enum link_kind kind;
	unsigned group;  /* the link group */
	unsigned master; /* the bridge it is a port of; 0: none */
	unsigned flags;  /* IFF_UP … */
	unsigned mtu;
	unsigned char mac[MAC_BYTES]; /* the host's side's */
	bool carrier;                 /* of a tap: somebody has it open */
	bool persistent;              /* of a tap: it stays when nobody has */
	bool multi_queue;
	uid_t owner;       /* of a tap: who may open it; NO_ID: anybody */
	gid_t group_owner; /* the same for a group */
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* as seen from the host */
};

struct links {
	struct link *items; /* owned; in the kernel's order */
	size_t count;
};

struct link_address {
	unsigned ifindex;
	struct address address;
	bool automatic; /* the link-local one that IPv6 makes by itself */
};

struct link_addresses {
	struct link_address *items; /* owned */
	size_t count;
};

void links_free(struct links *l);
void link_addresses_free(struct link_addresses *a);

/* 1: there it is. 0: there is none of that name. -1: a fault. */
int link_find(
    struct netlink *n, const char *name, struct link *into, struct fault *fault) A_MUST_CHECK;

/* All of them; the counters are 0 unless `counters` is set. */
int links_read(
    struct netlink *n, bool counters, struct links *into, struct fault *fault) A_MUST_CHECK;
int link_addresses_read(
    struct netlink *n, struct link_addresses *into, struct fault *fault) A_MUST_CHECK;

/* The one with this number or name, or NULL. */
const struct link *links_by_index(const struct links *l, unsigned ifindex);
const struct link *links_by_name(const struct links *l, const char *name);

#endif
