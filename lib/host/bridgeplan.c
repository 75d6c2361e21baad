#include "host/bridgeplan.h"

#include "core/clock.h"
#include "core/shell.h"
#include "core/strset.h"
#include "host/neighbour.h"
#include "host/netservice.h"
#include "host/tapmark.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The first device that names it says what it is; the others add their addresses. */
struct plan {
	const struct netdevs *devices;
	bool kept;
	uid_t owner;
	struct buf *into;
};

static bool is_on(const struct netdev *d, const char *bridge)
{
	return netdev_bridge(d) && !strcmp(netdev_bridge(d), bridge);
}

static void begin(const struct plan *p, const char *text, const char *bridge)
{
	buf_adds(p->into, text);
	shell_word(p->into, bridge);
}

static void make(const struct plan *p, const char *bridge, const struct netdev *all)
{
	struct bridgemark mark = {.owner = p->owner,
	    .kept = p->kept,
	    .wanted = p->kept ? 0 : clock_ms() / 1000 + 1,
	    .nat = all->nat};
	char alias[LINK_ALIAS_MAX];
	bool ipv6 = false;

	for (size_t i = 0; i < all->hosts.count; i++)
		ipv6 = ipv6 || all->hosts.items[i].family == AF_INET6;
	begin(p, "ip link add dev ", bridge);
	buf_printf(p->into, " group %d type bridge stp_state 0 forward_delay 0\n", MARK_GROUP);
	begin(p, "ip link set dev ", bridge);
	bridgemark_write(&mark, alias);
	buf_adds(p->into, " alias ");
	shell_word(p->into, alias);
	if (all->mtu)
		buf_printf(p->into, " mtu %u", all->mtu);
	buf_printf(p->into, "%s\n", ipv6 ? "" : " addrgenmode none");
	for (size_t i = 0; i < all->hosts.count; i++) {
		const struct address *a = &all->hosts.items[i];

		buf_adds(p->into, "ip address replace ");
		address_text(a, p->into);
		buf_adds(p->into, a->family == AF_INET6 ? " nodad"
				  : a->prefix < 31      ? " broadcast +"
							: "");
		begin(p, " dev ", bridge);
		buf_addc(p->into, '\n');
	}
	begin(p, "ip link set dev ", bridge);
	buf_adds(p->into, " up\n");
}

static void reserve(const struct plan *p, const struct netdev *d)
{
	const struct address *guest = netdev_ipv4(&d->guests);

	if (!guest)
		return;
	buf_adds(p->into, "ip neigh replace ");
	address_alone(guest, p->into);
	buf_adds(p->into, " lladdr ");
	mac_text(d->mac, p->into);
	begin(p, " dev ", netdev_bridge(d));
	buf_printf(p->into, " nud permanent protocol %d\n",
	    d->nat || d == p->devices->items ? NEIGHBOUR_GATEWAY : NEIGHBOUR_NO_GATEWAY);
}

static int table(const struct plan *p, const struct nft_table *t, struct fault *fault)
{
	buf_adds(p->into, "nft -f - <<'END'\n");
	if (nft_render(t, p->into, fault) < 0)
		return -1;
	buf_adds(p->into, "END\nsysctl -q -w net.ipv4.ip_forward=1\n");
	return 0;
}

/* All that devices want of one bridge, as one of them. */
static void collect(const struct plan *p, const char *bridge, struct netdev *all)
{
	*all = (struct netdev){.name = bridge, .bridge = bridge};
	for (size_t i = 0; i < p->devices->count; i++) {
		const struct netdev *d = &p->devices->items[i];

		if (!is_on(d, bridge))
			continue;
		for (size_t k = 0; k < d->hosts.count; k++)
			if (!addresses_have(&all->hosts, &d->hosts.items[k]))
				addresses_add(&all->hosts, &d->hosts.items[k]);
		all->mtu = d->mtu ? d->mtu : all->mtu;
		all->nat = all->nat || d->nat;
		all->dhcp = all->dhcp || d->dhcp;
		all->bridge_create = all->bridge_create || p->kept || netdev_asks_host(d);
	}
}

static int serve(const struct plan *p, const struct netdev *all, struct fault *fault)
{
	struct netservice_table t A_CLEANUP(netservice_table_free) = {.publish = NULL};

	if (all->dhcp) {
		begin(p, "# DHCP on ", all->bridge);
		buf_adds(p->into, " is answered with addresses of ");
		address_text(netdev_ipv4(&all->hosts), p->into);
		buf_addc(p->into, '\n');
	}
	if (!all->nat)
		return 0;
	netservice_table_of(all, &t);
	t.table.tap = all->bridge;
	return table(p, &t.table, fault);
}

static int guest(const struct plan *p, const struct netdev *d, struct fault *fault)
{
	struct netservice_table t A_CLEANUP(netservice_table_free) = {.publish = NULL};
	struct netdev copy = *d;

	copy.bridge = netdev_bridge(d);
	reserve(p, d);
	if (!d->published_count)
		return 0;
	netservice_guest_table_of(&copy, &t);
	return table(p, &t.table, fault);
}

int bridgeplan(
    const struct netdevs *devices, bool kept, uid_t owner, struct buf *into, struct fault *fault)
{
	const struct plan p = {devices, kept, owner, into};
	struct strset known A_CLEANUP(strset_free) = {0};

	for (size_t i = 0; i < devices->count; i++) {
		const struct netdev *d = &devices->items[i];
		const char *bridge = netdev_bridge(d);
		uint32_t ignored = 0;
		struct netdev all;
		int result = 0;

		if (bridge && strset_add(&known, bridge, &ignored)) {
			collect(&p, bridge, &all);
			if (all.bridge_create)
				make(&p, bridge, &all);
			result = serve(&p, &all, fault);
			free(all.hosts.items);
		}
		if (result < 0 || (bridge && !kept && guest(&p, d, fault) < 0))
			return -1;
	}
	return 0;
}
