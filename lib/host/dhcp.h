/*
 * DHCP for one guest on one interface: the answer that a frame of the guest's is owed, by RFC 2131
 * (protocol), RFC 2132 (options) and RFC 6842 (the client identifier comes back). Pure: no I/O, no
 * clock, no state. host/dhcpsocket.h puts it on a tap.
 *
 * One known MAC gets one known address, always the same: so there is no lease file, an OFFER
 * reserves nothing, and DECLINE and RELEASE change nothing. (On a bridge, where anybody may ask,
 * the address is chosen first: host/dhcpbridge.h.) Own code instead of dnsmasq, because it ends
 * with the guest or the interface by itself, doesn't fight over port 67 with the dnsmasq of libvirt
 * or NetworkManager, needs no setgroups and setuid (which a user namespace may not have), and keeps
 * no files.
 *
 * Being the only one who gives addresses on that interface, it says no (NAK) to a guest that asks
 * for another address; to one that has selected another server it says nothing.
 */
#ifndef MIRARI_HOST_DHCP_H
#define MIRARI_HOST_DHCP_H

#include "core/attr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
	DHCP_NAMESERVERS_MAX = 3,
	DHCP_MTU_MIN = 68, /* RFC 2132, 5.1 */

	/* every client takes an IP datagram of this length (RFC 2131, section 2) */
	DHCP_DATAGRAM_MAX = 576,
	DHCP_FRAME_MAX = 14 + DHCP_DATAGRAM_MAX
};

#define DHCP_FOREVER UINT32_MAX /* struct dhcp_lease.seconds */

struct dhcp_lease {
	uint8_t mac[6];        /* the guest's */
	uint8_t server_mac[6]; /* where frames to `server` go: the tap's, or its bridge's */
	struct in_addr server; /* our own address */
	struct in_addr address;
	struct in_addr netmask;
	struct in_addr router; /* 0: none is offered; so for all that follows but `seconds` */
	struct in_addr nameservers[DHCP_NAMESERVERS_MAX];
	size_t nameserver_count;
	unsigned mtu;
	char hostname[65];
	uint32_t seconds; /* the guest asks again when half of it is over */
};

/* The whole Ethernet frame that answers a whole Ethernet frame. Returns its length; 0: no answer is
 * owed, or what came isn't a well-formed request of this guest to us. Options that don't fit into
 * DHCP_DATAGRAM_MAX are left out, the host name first. */
size_t dhcp_answer(const struct dhcp_lease *lease, const uint8_t *frame, size_t length,
    uint8_t reply[DHCP_FRAME_MAX]) A_MUST_CHECK;

/* Who asks for what, for whoever has to choose the lease first: host/dhcppool.h. */
struct dhcp_wish {
	uint8_t mac[6];
	struct in_addr asked;  /* the address that it would have, or has; 0: none */
	struct in_addr server; /* whom it has selected; 0: nobody */
	enum { DHCP_LOOKS, DHCP_TAKES, DHCP_REFUSES, DHCP_ENDS } what;
};

/* False when the frame isn't a well-formed request of any guest. */
bool dhcp_read_wish(const uint8_t *frame, size_t length, struct dhcp_wish *into) A_MUST_CHECK;

#endif
