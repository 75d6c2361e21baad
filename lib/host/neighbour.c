#include "host/neighbour.h"

#include "core/mem.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { DUMP_TRIES = 40 };

void neighbours_free(struct neighbours *n)
{
	free(n->items);
	*n = (struct neighbours){0};
}

bool neighbour_is_ours(const struct neighbour *n)
{
	return n->reserved && (n->origin == NEIGHBOUR_GATEWAY || n->origin == NEIGHBOUR_NO_GATEWAY);
}

const struct neighbour *neighbours_reserved(
    const struct neighbours *all, unsigned ifindex, const uint8_t mac[MAC_BYTES])
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].reserved && all->items[i].ifindex == ifindex &&
		    !memcmp(all->items[i].mac, mac, MAC_BYTES))
			return &all->items[i];
	return NULL;
}

struct reading {
	unsigned ifindex;
	struct neighbours *into;
};

static int take(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(message);
	const struct reading *r = context;
	struct neighbours *all = r->into;
	struct neighbour found = {
	    .ifindex = (unsigned)head->ndm_ifindex, .reserved = head->ndm_state & NUD_PERMANENT};
	bool has_address = false, has_mac = false;
	const struct nlattr *a;

	if (message->nlmsg_type != RTM_NEWNEIGH || head->ndm_family != AF_INET ||
	    (r->ifindex && found.ifindex != r->ifindex) ||
	    (head->ndm_state & (NUD_FAILED | NUD_INCOMPLETE | NUD_NOARP)))
		return MNL_CB_OK;
	mnl_attr_for_each(a, message, sizeof *head)
	{
		const void *value = mnl_attr_get_payload(a);
		size_t length = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == NDA_DST && length == sizeof found.address) {
			memcpy(&found.address, value, length);
			has_address = true;
		} else if (mnl_attr_get_type(a) == NDA_LLADDR && length == MAC_BYTES) {
			memcpy(found.mac, value, length);
			has_mac = true;
		} else if (mnl_attr_get_type(a) == NDA_PROTOCOL && length == 1) {
			found.origin = mnl_attr_get_u8(a);
		}
	}
	if (!has_address || !has_mac)
		return MNL_CB_OK;
	if ((all->count & (all->count - 1)) == 0)
		all->items =
		    mem_resize(all->items, all->count ? 2 * all->count : 1, sizeof *all->items);
	all->items[all->count++] = found;
	return MNL_CB_OK;
}

int neighbours_read(
    struct netlink *netlink, unsigned ifindex, struct neighbours *into, struct fault *fault)
{
	struct reading reading = {ifindex, into};
	int refused = EINTR;

	for (int i = 0; refused == EINTR && i < DUMP_TRIES; i++) {
		struct nlmsghdr *request = netlink_request(netlink, RTM_GETNEIGH, NLM_F_DUMP, NULL);
		struct ndmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

		head->ndm_family = AF_INET;
		if (ifindex)
			mnl_attr_put_u32(request, NDA_IFINDEX, ifindex);
		into->count = 0;
		refused = netlink_ask(netlink, request, take, &reading, fault);
	}
	if (refused == EINTR)
		return fault_set(
		    fault, EX_TEMPFAIL, "list the neighbours: they change all the time");
	if (refused > 0)
		return fault_errno(fault, EX_OSERR, refused, "list the neighbours");
	return refused;
}

static void note(void *context, const struct netlink_refusal *refusal)
{
	int *error = context;

	*error = refusal->error;
}

static int change(struct netlink *netlink, const struct neighbour *n, unsigned short type,
    unsigned short flags, struct fault *fault)
{
	struct nlmsghdr *request = netlink_request(netlink, type, flags, NULL);
	struct ndmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);
	int error = 0;

	head->ndm_family = AF_INET;
	head->ndm_ifindex = (int)n->ifindex;
	head->ndm_state = NUD_PERMANENT;
	mnl_attr_put(request, NDA_DST, sizeof n->address, &n->address);
	if (type == RTM_NEWNEIGH) {
		mnl_attr_put(request, NDA_LLADDR, MAC_BYTES, n->mac);
		mnl_attr_put_u8(request, NDA_PROTOCOL, n->origin);
	}
	netlink_end(netlink, request);
	return netlink_send(netlink, note, &error, fault) < 0 ? -1 : error;
}

int neighbour_reserve(struct netlink *netlink, const struct neighbour *n, struct fault *fault)
{
	return change(netlink, n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, fault);
}

int neighbour_release(struct netlink *netlink, const struct neighbour *n, struct fault *fault)
{
	int refused = change(netlink, n, RTM_DELNEIGH, 0, fault);

	return refused == ENOENT || refused == ENODEV ? 0 : refused;
}
