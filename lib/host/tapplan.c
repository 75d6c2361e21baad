#include "host/tapplan.h"

#include "core/shell.h"
#include "core/strset.h"
#include "host/netservice.h"
#include "host/tapmark.h"

#include <arpa/inet.h>

static void bridge(const struct netdev *d, uid_t owner, struct strset *known, struct buf *into)
{
	char alias[LINK_ALIAS_MAX];
	uint32_t ignored = 0;

	if (!d->bridge || !d->bridge_create || !strset_add(known, d->bridge, &ignored))
		return;
	buf_adds(into, "ip link add dev ");
	shell_word(into, d->bridge);
	buf_printf(into, " group %d type bridge stp_state 0 forward_delay 0\nip link set dev ",
	    MARK_GROUP);
	shell_word(into, d->bridge);
	tapmark_write_bridge(owner, alias);
	buf_adds(into, " alias ");
	shell_word(into, alias);
	buf_adds(into, " up\n");
}

static void tap(
    const struct netdevs *devices, const struct netdev *d, uid_t owner, struct buf *into)
{
	char alias[LINK_ALIAS_MAX];
	struct tapmark mark;
	bool ipv6 = false;

	for (size_t i = 0; i < d->hosts.count && !d->bridge; i++)
		ipv6 = ipv6 || d->hosts.items[i].family == AF_INET6;
	tapmark_of(d, devices->unikernel, &mark);
	tapmark_write(&mark, alias);
	buf_printf(into, "ip tuntap add dev %s mode tap user ", d->tap);
	if (d->owner)
		shell_word(into, d->owner);
	else
		buf_printf(into, "%u", owner);
	if (d->group) {
		buf_adds(into, " group ");
		shell_word(into, d->group);
	}
	buf_printf(into, "\nip link set dev %s group %d alias ", d->tap, MARK_GROUP);
	shell_word(into, alias);
	if (d->mtu)
		buf_printf(into, " mtu %u", d->mtu);
	if (!ipv6 && (!d->mtu || d->mtu >= IPV6_MTU_MIN))
		buf_adds(into, " addrgenmode none");
	buf_addc(into, '\n');
}

static void addresses(const struct netdev *d, struct buf *into)
{
	for (size_t i = 0; i < d->hosts.count; i++) {
		buf_adds(into, "ip address replace ");
		address_text(&d->hosts.items[i], into);
		if (d->hosts.items[i].family == AF_INET6)
			buf_adds(into, " nodad");
		else if (d->hosts.items[i].prefix < 31)
			buf_adds(into, " broadcast +");
		buf_adds(into, " dev ");
		shell_word(into, d->bridge ? d->bridge : d->tap);
		buf_addc(into, '\n');
	}
	if (d->bridge) {
		buf_printf(into, "ip link set dev %s master ", d->tap);
		shell_word(into, d->bridge);
		buf_addc(into, '\n');
	}
	buf_printf(into, "ip link set dev %s up\n", d->tap);
}

static int services(const struct netdev *d, struct buf *into, struct fault *fault)
{
	struct netservice_table t A_CLEANUP(netservice_table_free) = {.publish = NULL};

	if (d->dhcp) {
		buf_adds(into, "# DHCP of ");
		mac_text(d->mac, into);
		buf_adds(into, " is answered with ");
		address_text(netdev_ipv4(&d->guests), into);
		buf_addc(into, '\n');
	}
	if (!d->nat && !d->published_count)
		return 0;
	netservice_table_of(d, &t);
	buf_adds(into, "nft -f - <<'END'\n");
	if (nft_render(&t.table, into, fault) < 0)
		return -1;
	buf_adds(into, "END\nsysctl -q -w net.ipv4.ip_forward=1\n");
	return 0;
}

int tapplan(const struct netdevs *devices, uid_t owner, struct buf *into, struct fault *fault)
{
	struct strset known A_CLEANUP(strset_free) = {0};

	for (size_t i = 0; i < devices->count; i++) {
		const struct netdev *d = &devices->items[i];

		bridge(d, owner, &known, into);
		tap(devices, d, owner, into);
		addresses(d, into);
		if (services(d, into, fault) < 0)
			return -1;
	}
	return 0;
}
