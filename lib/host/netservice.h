/* What a device's host answers and translates, made from the device: DHCP leases (host/dhcp.h) and
 * nftables tables (host/nat.h). */
#ifndef MIRARI_HOST_NETSERVICE_H
#define MIRARI_HOST_NETSERVICE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/dhcp.h"
#include "model/netdev.h"
#include "render/nft.h"

#include <stdbool.h>

/* Name servers of the network namespace that we are in, when they aren't those of the machine. */
struct netservice {
	const char *unikernel;
	const struct in_addr *nameservers; /* NULL: the machine's */
	size_t nameserver_count;
};

/* The lease for this device, whose interface is there. The first device of a unikernel gets a
 * default route, and so does each that has NAT. EX_OSERR when the interface is gone. */
int netservice_lease(const struct netservice *n, const struct netdev *device, bool first,
    struct dhcp_lease *into, struct fault *fault) A_MUST_CHECK;

/* The table of a device's tap, with what it borrows. */
struct netservice_table {
	struct nft_table table;
	struct nft_publish *publish; /* owned, as what follows */
	struct strv addresses;
	struct buf guest, name;
};

void netservice_table_of(const struct netdev *device, struct netservice_table *into);
/* The same for the published ports of a device whose guest is behind a bridge of the host, without
 * a tap. */
void netservice_guest_table_of(const struct netdev *device, struct netservice_table *into);
void netservice_table_free(struct netservice_table *t);

/* EX_UNAVAILABLE when a program of this machine listens on a port that is to be published. */
int netservice_check_ports(const struct netdev *device, struct fault *fault) A_MUST_CHECK;

/* Gives the taps of these devices their tables, those that have NAT or published ports; the taps
 * `without` (may be NULL) lose theirs. As nat_apply. */
int netservice_nat(struct netdev *const *devices, size_t count, const struct strv *without,
    struct fault *fault) A_MUST_CHECK;

#endif
