#include "host/link.h"

#include "core/mem.h"
#include "host/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A dump is begun anew when the list changes under it (NLM_F_DUMP_INTR), as often as that. */
enum { DUMP_TRIES = 40, DUMP_PAUSE_MS = 5 };

void links_free(struct links *l)
{
	free(l->items);
	*l = (struct links){0};
}

void link_addresses_free(struct link_addresses *a)
{
	free(a->items);
	*a = (struct link_addresses){0};
}

static uint32_t u32(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(a);
}

static bool flag(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U8) == 0 && mnl_attr_get_u8(a);
}

static void text(const struct nlattr *a, char *into, size_t size)
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0)
		snprintf(into, size, "%s", mnl_attr_get_str(a));
}

/* IFLA_INFO_DATA of kind "tun" */
static void read_tun(const struct nlattr *data, struct link *l)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data)
	{
		switch (mnl_attr_get_type(a)) {
		case IFLA_TUN_OWNER:
			l->owner = u32(a);
			break;
		case IFLA_TUN_GROUP:
			l->group_owner = u32(a);
			break;
		case IFLA_TUN_TYPE:
			if (mnl_attr_validate(a, MNL_TYPE_U8) == 0)
				l->kind = mnl_attr_get_u8(a) == IFF_TAP ? LINK_TAP : LINK_TUN;
			break;
		case IFLA_TUN_PERSIST:
			l->persistent = flag(a);
			break;
		case IFLA_TUN_MULTI_QUEUE:
			l->multi_queue = flag(a);
			break;
		}
	}
}

static void read_kind(const struct nlattr *info, struct link *l)
{
	const struct nlattr *a, *data = NULL;
	char kind[16] = "";

	mnl_attr_for_each_nested(a, info)
	{
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			text(a, kind, sizeof kind);
		else if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	if (!strcmp(kind, "bridge"))
		l->kind = LINK_BRIDGE;
	else if (!strcmp(kind, "tun") && data)
		read_tun(data, l);
}

static void read_counters(const struct nlattr *a, struct link *l)
{
	struct rtnl_link_stats64 stats = {0};
	size_t length = mnl_attr_get_payload_len(a);

	memcpy(&stats, mnl_attr_get_payload(a), length < sizeof stats ? length : sizeof stats);
	l->rx_bytes = stats.rx_bytes;
	l->rx_packets = stats.rx_packets;
	l->tx_bytes = stats.tx_bytes;
	l->tx_packets = stats.tx_packets;
}

static void read_attribute(const struct nlattr *a, struct link *l)
{
	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		text(a, l->name, sizeof l->name);
		break;
	case IFLA_IFALIAS:
		text(a, l->alias, sizeof l->alias);
		break;
	case IFLA_GROUP:
		l->group = u32(a);
		break;
	case IFLA_MASTER:
		l->master = u32(a);
		break;
	case IFLA_MTU:
		l->mtu = u32(a);
		break;
	case IFLA_CARRIER:
		l->carrier = flag(a);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(a) == MAC_BYTES)
			memcpy(l->mac, mnl_attr_get_payload(a), MAC_BYTES);
		break;
	case IFLA_LINKINFO:
		read_kind(a, l);
		break;
	case IFLA_STATS64:
		read_counters(a, l);
		break;
	}
}

static void read_link(const struct nlmsghdr *message, struct link *into)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;

	*into = (struct link){.owner = NO_ID, .group_owner = NO_ID};
	into->ifindex = (unsigned)head->ifi_index;
	into->flags = head->ifi_flags;
	mnl_attr_for_each(a, message, sizeof *head) read_attribute(a, into);
}

static int take_one(const struct nlmsghdr *message, void *context)
{
	if (message->nlmsg_type == RTM_NEWLINK)
		read_link(message, context);
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	struct links *l = context;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	if ((l->count & (l->count - 1)) == 0)
		l->items = mem_resize(l->items, l->count ? 2 * l->count : 1, sizeof *l->items);
	read_link(message, &l->items[l->count++]);
	return MNL_CB_OK;
}

static struct nlmsghdr *ask_for_links(struct netlink *n, unsigned short flags, bool counters)
{
	struct nlmsghdr *request = netlink_request(n, RTM_GETLINK, flags, NULL);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

	head->ifi_family = AF_UNSPEC;
	mnl_attr_put_u32(request, IFLA_EXT_MASK, counters ? 0 : RTEXT_FILTER_SKIP_STATS);
	return request;
}

int link_find(struct netlink *n, const char *name, struct link *into, struct fault *fault)
{
	struct nlmsghdr *request = ask_for_links(n, 0, false);
	int refused;

	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	refused = netlink_ask(n, request, take_one, into, fault);
	if (refused > 0 && refused != ENODEV)
		return fault_errno(fault, EX_OSERR, refused, "look up interface %s", name);
	return refused < 0 ? -1 : refused == 0;
}

/* How a dump ended, -1 with a fault unless it is there. */
static int dumped(int refused, const char *what, struct fault *fault)
{
	if (refused == EINTR)
		return fault_set(fault, EX_TEMPFAIL, "%s: they change all the time", what);
	if (refused > 0)
		return fault_errno(fault, EX_OSERR, refused, "%s", what);
	return refused;
}

static void pause_before(int try)
{
	const struct timespec pause = {.tv_nsec = DUMP_PAUSE_MS * 1000000L};

	if (try)
		nanosleep(&pause, NULL);
}

int links_read(struct netlink *n, bool counters, struct links *into, struct fault *fault)
{
	int refused = EINTR;

	for (int i = 0; refused == EINTR && i < DUMP_TRIES; i++) {
		pause_before(i);
		into->count = 0;
		refused =
		    netlink_ask(n, ask_for_links(n, NLM_F_DUMP, counters), take_link, into, fault);
	}
	return dumped(refused, "list the interfaces", fault);
}

/* Is it the link-local address that the kernel gives by itself? It says so since 5.18 (IFA_PROTO is
 * IFAPROT_KERNEL_LL); before, that it is made from a MAC (RFC 4291, appendix A) has to do. */
static bool is_automatic(const struct link_address *a, unsigned scope, unsigned origin)
{
	enum { IFA_PROTO_KERNEL_LL = 3 };
	const unsigned char *bytes = a->address.bytes;

	return a->address.family == AF_INET6 && scope == RT_SCOPE_LINK &&
	       (origin ? origin == IFA_PROTO_KERNEL_LL : bytes[11] == 0xff && bytes[12] == 0xfe);
}

static int take_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
	struct link_address found = {.ifindex = head->ifa_index,
	    .address = {.family = head->ifa_family, .prefix = head->ifa_prefixlen}};
	enum { IFA_PROTO_TYPE = 11 }; /* IFA_PROTO, which older headers don't have */
	struct link_addresses *all = context;
	const struct nlattr *a;
	unsigned origin = 0;
	bool local = false;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    (head->ifa_family != AF_INET && head->ifa_family != AF_INET6))
		return MNL_CB_OK;
	/* IFA_LOCAL is ours; where there is none, IFA_ADDRESS is */
	mnl_attr_for_each(a, message, sizeof *head)
	{
		bool is_local = mnl_attr_get_type(a) == IFA_LOCAL;

		if (mnl_attr_get_type(a) == IFA_PROTO_TYPE && mnl_attr_get_payload_len(a) == 1)
			origin = mnl_attr_get_u8(a);
		if ((!is_local && (local || mnl_attr_get_type(a) != IFA_ADDRESS)) ||
		    mnl_attr_get_payload_len(a) != address_size(found.address.family))
			continue;
		local = local || is_local;
		memcpy(found.address.bytes, mnl_attr_get_payload(a),
		    address_size(found.address.family));
	}
	found.automatic = is_automatic(&found, head->ifa_scope, origin);
	if ((all->count & (all->count - 1)) == 0)
		all->items =
		    mem_resize(all->items, all->count ? 2 * all->count : 1, sizeof *all->items);
	all->items[all->count++] = found;
	return MNL_CB_OK;
}

int link_addresses_read(struct netlink *n, struct link_addresses *into, struct fault *fault)
{
	int refused = EINTR;

	for (int i = 0; refused == EINTR && i < DUMP_TRIES; i++) {
		struct nlmsghdr *request = netlink_request(n, RTM_GETADDR, NLM_F_DUMP, NULL);
		struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

		pause_before(i);
		head->ifa_family = AF_UNSPEC;
		into->count = 0;
		refused = netlink_ask(n, request, take_address, into, fault);
	}
	return dumped(refused, "list the addresses", fault);
}

const struct link *links_by_index(const struct links *l, unsigned ifindex)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].ifindex == ifindex)
			return &l->items[i];
	return NULL;
}

const struct link *links_by_name(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->items[i].name, name))
			return &l->items[i];
	return NULL;
}
