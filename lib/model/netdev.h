/*
 * The network devices of a record: net.DEV.* as values, with what isn't given filled in.
 *
 * The tap's name and the guest's MAC address are made from the names of unikernel and device, so
 * that they are the same at each start: "mir" and eight characters, and 02: (locally administered)
 * and five bytes. The guest's address is net.DEV.guest; else, for the first device, ip.address;
 * else the host's neighbour in the host's network.
 */
#ifndef MIRARI_MODEL_NETDEV_H
#define MIRARI_MODEL_NETDEV_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "model/address.h"
#include "model/publish.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

enum { MAC_BYTES = 6, DEVICE_NAME_MAX = 64, IPV6_MTU_MIN = 1280 /* RFC 8200, section 5 */ };

struct addresses {
	struct address *items; /* owned */
	size_t count;
};

struct netdev {
	const char *name; /* DEV, from struct netdevs; other strings are borrowed from the record */
	char tap[IFNAMSIZ];
	struct addresses hosts;
	struct addresses guests;
	const char *bridge; /* NULL: none */
	bool bridge_create;
	unsigned char mac[MAC_BYTES]; /* the guest's */
	bool mac_given;               /* else it was derived */
	unsigned mtu;                 /* 0: the kernel's default */
	bool dhcp, nat;
	struct publish *published; /* owned */
	size_t published_count;
	const char *owner, *group; /* NULL: not given */
	unsigned ifindex;          /* a result: 0 until it is known */
};

struct netdevs {
	const char *unikernel; /* "" when the record has no name */
	struct strv names;
	struct netdev *items; /* owned; in the order of the record */
	size_t count;
};

void netdevs_free(struct netdevs *n);

/* Reads a record that check_record has passed. EX_DATAERR when devices contradict themselves or
 * each other. The record must outlive the result. */
int netdevs_read(const struct rec *record, struct netdevs *into, struct fault *fault) A_MUST_CHECK;

/* The name of the record's first device, with its length, whatever the rest of the record may be;
 * NULL when it has none. */
const char *netdev_first(const struct rec *record, size_t *length);

/* The bridge of the host that the device's guest is to be behind, when what connects it there isn't
 * a tap of ours (a Xen vif): the one that it names, else one of its own, called as its tap would
 * have been, when it asks for anything of the host. NULL: it asks for nothing. */
const char *netdev_bridge(const struct netdev *device);

/* Is there more to that than to name one? Addresses of the host, DHCP, NAT, published ports, or
 * that it be made. */
bool netdev_asks_host(const struct netdev *device);

/* Is it in the list? */
bool addresses_have(const struct addresses *all, const struct address *address);

void addresses_add(struct addresses *to, const struct address *address);

/* The IPv4 address that is for the guest (or the host), or NULL. */
const struct address *netdev_ipv4(const struct addresses *addresses);

/* Appends 02:… as text. */
void mac_text(const unsigned char mac[MAC_BYTES], struct buf *into);

/* Back from that; `text` has its 17 characters. */
void mac_parse(const char *text, unsigned char into[MAC_BYTES]);

/* A locally administered unicast address from two names. */
void mac_derive(const char *one, const char *two, unsigned char into[MAC_BYTES]);

/* The record again with what was found out: net.DEV.tap, .ifindex, .mac, .host and .guest of every
 * device behind all else, in place of those that it had. `into` borrows from `record`. */
int netdevs_write(const struct netdevs *n, const struct rec *record, struct rec *into,
    struct fault *fault) A_MUST_CHECK;

/* The same for devices that have a bridge (netdev_bridge): net.DEV.bridge, .mac, .host and .guest.
 * Other devices are as they were. */
int netdevs_write_bridges(const struct netdevs *n, const struct rec *record, struct rec *into,
    struct fault *fault) A_MUST_CHECK;

#endif
