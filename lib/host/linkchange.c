#include "host/linkchange.h"

#include "core/buf.h"
#include "host/tapmark.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void link_changes_start(struct link_changes *c, struct netlink *netlink)
{
	*c = (struct link_changes){.netlink = netlink, .first = netlink->next};
}

static void refused(void *context, const struct netlink_refusal *refusal)
{
	struct link_changes *c = context;

	if (c->failed || (c->gone_is_fine && refusal->error == ENODEV) ||
	    (refusal->error == EADDRNOTAVAIL && c->pending[refusal->number - c->first].removes))
		return;
	c->failed = true;
	c->refusal = *refusal;
	c->failed_at = refusal->number - c->first;
}

int link_changes_send(struct link_changes *c, struct fault *fault)
{
	struct tap_about about;

	if (netlink_send(c->netlink, refused, c, fault) < 0)
		return -1;
	if (!c->failed) {
		c->first = c->netlink->next;
		return 0;
	}
	about = (struct tap_about){c->pending[c->failed_at].about.step,
	    c->pending[c->failed_at].name, c->pending[c->failed_at].detail};
	if (!*about.detail)
		about.detail = NULL;
	return tap_fault(&about, c->refusal.error, c->refusal.text, fault);
}

bool link_changes_vanished(const struct link_changes *c)
{
	enum tap_step step = c->pending[c->failed_at].about.step;

	/* for a master that is gone do_set_master says EINVAL */
	return c->failed &&
	       (c->refusal.error == ENODEV || (c->refusal.error == EINVAL && step == TAP_PORT));
}

/* Begins a request about an interface. NULL with a fault when those before it failed. */
static struct nlmsghdr *begin(struct link_changes *c, unsigned short type, unsigned short flags,
    const struct tap_about *about, struct fault *fault)
{
	struct nlmsghdr *request;
	unsigned number;

	if (!netlink_has_room(c->netlink, 1) && link_changes_send(c, fault) < 0)
		return NULL;
	request = netlink_request(c->netlink, type, flags, &number);
	number -= c->first;
	c->pending[number].about = *about;
	c->pending[number].removes = type == RTM_DELADDR;
	snprintf(c->pending[number].name, IFNAMSIZ, "%s", about->name);
	snprintf(c->pending[number].detail, sizeof c->pending[number].detail, "%s",
	    about->detail ? about->detail : "");
	return request;
}

static struct nlmsghdr *begin_link(struct link_changes *c, unsigned short type,
    const struct link *link, const struct tap_about *about, struct ifinfomsg **head,
    struct fault *fault)
{
	struct nlmsghdr *request = begin(c, type, 0, about, fault);

	if (!request)
		return NULL;
	*head = mnl_nlmsg_put_extra_header(request, sizeof **head);
	(*head)->ifi_family = AF_UNSPEC;
	(*head)->ifi_index = link ? (int)link->ifindex : 0;
	return request;
}

/* IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_ADDR_GEN_MODE = none } }. A kernel without IPv6 would refuse
 * the whole request, and so does any where the same request makes the MTU too small for IPv6. */
static void put_no_automatic(struct nlmsghdr *request, unsigned mtu)
{
	static int has_ipv6 = -1; /* looked at once */
	struct nlattr *all, *ipv6;

	if (has_ipv6 < 0)
		has_ipv6 = access("/proc/sys/net/ipv6", F_OK) == 0;
	if ((mtu && mtu < IPV6_MTU_MIN) || !has_ipv6)
		return;
	all = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	ipv6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, ipv6);
	mnl_attr_nest_end(request, all);
}

/* A request of its own, since the kernel looks at the flags before AF_SPEC: an interface that comes
 * up with the same request has got its link-local address by then. */
static int bring_up(struct link_changes *c, const struct link *link, struct fault *fault)
{
	struct tap_about about = {TAP_SET, link->name, "up"};
	struct ifinfomsg *head;
	struct nlmsghdr *request = begin_link(c, RTM_SETLINK, link, &about, &head, fault);

	if (!request)
		return -1;
	head->ifi_flags = head->ifi_change = IFF_UP;
	netlink_end(c->netlink, request);
	return 0;
}

int link_change(struct link_changes *c, const struct link_change *change, struct fault *fault)
{
	char detail[32] = "";
	struct tap_about about = {TAP_SET, change->link->name, detail};
	struct ifinfomsg *head;
	struct nlmsghdr *request;

	if (change->mtu)
		snprintf(detail, sizeof detail, "MTU %u", change->mtu);
	request = begin_link(c, RTM_SETLINK, change->link, &about, &head, fault);
	if (!request)
		return -1;
	if (change->down || (change->up && !change->no_automatic))
		head->ifi_change = IFF_UP;
	head->ifi_flags = change->down ? 0 : head->ifi_change;
	if (change->alias)
		mnl_attr_put_str(request, IFLA_IFALIAS, change->alias);
	if (change->group)
		mnl_attr_put_u32(request, IFLA_GROUP, change->group);
	if (change->mtu)
		mnl_attr_put_u32(request, IFLA_MTU, change->mtu);
	if (change->no_automatic)
		put_no_automatic(request, change->mtu);
	netlink_end(c->netlink, request);
	return change->up && change->no_automatic ? bring_up(c, change->link, fault) : 0;
}

int link_put_into(struct link_changes *c, const struct link *link, unsigned master,
    const char *bridge, struct fault *fault)
{
	struct tap_about about = {TAP_PORT, link->name, bridge};
	struct ifinfomsg *head;
	struct nlmsghdr *request = begin_link(c, RTM_SETLINK, link, &about, &head, fault);

	if (!request)
		return -1;
	mnl_attr_put_u32(request, IFLA_MASTER, master);
	netlink_end(c->netlink, request);
	return 0;
}

static void put_address(struct nlmsghdr *request, const struct address *address, bool adding)
{
	size_t size = address_size(address->family);
	unsigned char broadcast[4];
	uint32_t bits;

	mnl_attr_put(request, IFA_LOCAL, size, address->bytes);
	mnl_attr_put(request, IFA_ADDRESS, size, address->bytes);
	if (!adding || address->family != AF_INET || address->prefix >= 31)
		return;
	bits = 0xffffffffu >> address->prefix;
	for (size_t i = 0; i < 4; i++)
		broadcast[i] = address->bytes[i] | (unsigned char)(bits >> (24 - 8 * i));
	mnl_attr_put(request, IFA_BROADCAST, 4, broadcast);
}

static int change_address(struct link_changes *c, const struct link *link,
    const struct address *address, unsigned short type, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct tap_about about = {.step = TAP_ADDRESS, .name = link->name};
	bool adding = type == RTM_NEWADDR;
	struct nlmsghdr *request;
	struct ifaddrmsg *head;

	address_text(address, &text);
	about.detail = buf_str(&text);
	request = begin(c, type, adding ? NLM_F_CREATE | NLM_F_REPLACE : 0, &about, fault);
	if (!request)
		return -1;
	head = mnl_nlmsg_put_extra_header(request, sizeof *head);
	head->ifa_family = (unsigned char)address->family;
	head->ifa_prefixlen = (unsigned char)address->prefix;
	head->ifa_index = link->ifindex;
	/* nobody else is there to have the same: waiting a second for an answer would be in vain */
	if (address->family == AF_INET6 && adding)
		head->ifa_flags = IFA_F_NODAD;
	put_address(request, address, adding);
	netlink_end(c->netlink, request);
	return 0;
}

int link_add_address(struct link_changes *c, const struct link *link, const struct address *address,
    struct fault *fault)
{
	return change_address(c, link, address, RTM_NEWADDR, fault);
}

int link_remove_address(struct link_changes *c, const struct link *link,
    const struct address *address, struct fault *fault)
{
	return change_address(c, link, address, RTM_DELADDR, fault);
}

/* From the addresses `from` to those `to`. With the first IPv4 address of a network the others of
 * it go as well, unless promote_secondaries is set (net.ipv4.conf): so the last is removed first,
 * and those that are to stay are set again. */
int link_change_addresses(struct link_changes *changes, const struct link *link,
    const struct addresses *from, const struct addresses *to, struct fault *fault)
{
	bool lost = false;

	for (size_t i = from->count; i-- > 0;) {
		if (addresses_have(to, &from->items[i]))
			continue;
		lost = lost || from->items[i].family == AF_INET;
		if (link_remove_address(changes, link, &from->items[i], fault) < 0)
			return -1;
	}
	for (size_t i = 0; i < to->count; i++) {
		bool stays = addresses_have(from, &to->items[i]) &&
			     !(lost && to->items[i].family == AF_INET);

		if (!stays && link_add_address(changes, link, &to->items[i], fault) < 0)
			return -1;
	}
	return 0;
}

int link_make_bridge(struct link_changes *c, const char *name, struct fault *fault)
{
	struct tap_about about = {TAP_BRIDGE, name, NULL};
	struct nlmsghdr *request = begin(c, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &about, fault);
	unsigned char mac[MAC_BYTES];
	struct nlattr *info, *data;
	struct ifinfomsg *head;

	if (!request)
		return -1;
	if (getrandom(mac, sizeof mac, 0) != sizeof mac)
		return fault_errno(fault, EX_OSERR, errno, "getrandom");
	memcpy(mac, MARK_BRIDGE_MAC, MARK_BRIDGE_MAC_BYTES);
	head = mnl_nlmsg_put_extra_header(request, sizeof *head);
	head->ifi_flags = head->ifi_change = IFF_UP;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put(request, IFLA_ADDRESS, sizeof mac, mac);
	mnl_attr_put_u32(request, IFLA_GROUP, MARK_GROUP);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	mnl_attr_put_u32(request, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u32(request, IFLA_BR_FORWARD_DELAY, 0);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	netlink_end(c->netlink, request);
	return 0;
}

/* One interface; or, with `link` NULL, all of a group. */
static int remove_link(
    struct link_changes *c, const struct link *link, unsigned group, struct fault *fault)
{
	char all[32];
	struct tap_about about = {TAP_DELETE, link ? link->name : all, NULL};
	struct ifinfomsg *head;
	struct nlmsghdr *request;

	snprintf(all, sizeof all, "group %u", group);
	request = begin_link(c, RTM_DELLINK, link, &about, &head, fault);
	if (!request)
		return -1;
	if (!link)
		mnl_attr_put_u32(request, IFLA_GROUP, group);
	netlink_end(c->netlink, request);
	return 0;
}

/* Is the group without anything but what goes? */
static bool is_free(const struct links *all, const bool *goes, unsigned group)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].group == group && !goes[i])
			return false;
	return true;
}

static bool is_in(const struct links *all, const bool *goes, unsigned group)
{
	for (size_t i = 0; i < all->count; i++)
		if (goes[i] && all->items[i].group != group)
			return false;
	return true;
}

int links_delete(struct netlink *netlink, const struct links *all, const bool *goes,
    bool whole_group, struct fault *fault)
{
	bool whole = whole_group && is_in(all, goes, MARK_GROUP) && is_free(all, goes, MARK_GROUP);
	bool together = whole || is_free(all, goes, MARK_GROUP_DOOMED);
	struct link_changes changes;
	size_t count = 0, last = 0;

	link_changes_start(&changes, netlink);
	changes.gone_is_fine = true;
	for (size_t i = 0; i < all->count; i++) {
		count += goes[i];
		last = goes[i] ? i : last;
	}
	for (size_t i = 0; i < all->count && !whole && count > 1; i++) {
		const struct link_change doomed = {
		    .link = &all->items[i], .group = MARK_GROUP_DOOMED};

		if (goes[i] && (together ? link_change(&changes, &doomed, fault)
					 : remove_link(&changes, &all->items[i], 0, fault)) < 0)
			return -1;
	}
	if (count == 1 && remove_link(&changes, &all->items[last], 0, fault) < 0)
		return -1;
	if (count > 1 && together &&
	    remove_link(&changes, NULL, whole ? MARK_GROUP : MARK_GROUP_DOOMED, fault) < 0)
		return -1;
	return link_changes_send(&changes, fault);
}
