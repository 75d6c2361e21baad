#include "host/hostbridge.h"

#include "core/clock.h"
#include "core/mem.h"
#include "host/bridge.h"
#include "host/linkchange.h"
#include "host/tapsetup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hostbridges_free(struct hostbridges *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->items[i].hosts.items);
		free(h->items[i].before.items);
		free(h->items[i].now.items);
	}
	free(h->items);
	free(h->guests);
	h->items = NULL;
	h->guests = NULL;
	h->count = h->guest_count = 0;
	netlink_close(&h->netlink);
}

/* ---- what is asked for --------------------------------------------------------------------------
 */

static struct hostbridge *bridge_of(struct hostbridges *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->items[i].name, name))
			return &h->items[i];
	h->items = mem_resize(h->items, h->count + 1, sizeof *h->items);
	h->items[h->count] = (struct hostbridge){.name = name};
	return &h->items[h->count++];
}

static void add_all(struct addresses *to, const struct addresses *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (!addresses_have(to, &from->items[i]))
			addresses_add(to, &from->items[i]);
}

static int ask(struct hostbridges *h, struct netdev *d, struct fault *fault)
{
	struct hostbridge *b;

	d->bridge = netdev_bridge(d);
	if (!d->bridge)
		return 0;
	b = bridge_of(h, d->bridge);
	add_all(&b->hosts, &d->hosts);
	if (b->mtu && d->mtu && b->mtu != d->mtu)
		return fault_set(fault, EX_DATAERR, "net.%s.mtu: %u, but %s is to have %u", d->name,
		    d->mtu, b->name, b->mtu);
	b->mtu = d->mtu ? d->mtu : b->mtu;
	b->create = b->create || h->kept || netdev_asks_host(d);
	b->dhcp = b->dhcp || d->dhcp;
	b->nat = b->nat || d->nat;
	b->publish = b->publish || d->published_count;
	if (h->kept)
		return 0;
	h->guests[h->guest_count++] = (struct hostguest){.device = d,
	    .bridge = (size_t)(b - h->items),
	    .gateway = d->nat || d == h->devices->items};
	return 0;
}

/* No address of the host is on two bridges. */
static int check_apart(const struct hostbridges *h, struct fault *fault)
{
	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < i; k++)
			for (size_t n = 0; n < h->items[i].hosts.count; n++) {
				const struct address *a = &h->items[i].hosts.items[n];
				struct buf text A_CLEANUP(buf_free) = {0};

				if (!addresses_have(&h->items[k].hosts, a))
					continue;
				address_text(a, &text);
				return fault_set(fault, EX_DATAERR,
				    "%s and %s can't both have the host's address %s",
				    h->items[k].name, h->items[i].name, buf_str(&text));
			}
	return 0;
}

/* As for taps: see host/taps.c. */
static int check_limits(const struct hostbridge *b, struct fault *fault)
{
	if (strncmp(b->name, "mir", 3))
		fault_set(fault, EX_NOPERM,
		    "%s: without being root only names that begin with mir are allowed", b->name);
	else if (b->nat || b->publish)
		fault_set(fault, EX_NOPERM,
		    "%s: without being root NAT and published ports are not allowed", b->name);
	else
		return 0;
	return fault_hint(fault, "sudo mirari-tap bridge …");
}

int hostbridges_plan(struct hostbridges *h, struct fault *fault)
{
	h->guests = mem_zeroed(h->devices->count, sizeof *h->guests);
	for (size_t i = 0; i < h->devices->count; i++)
		if (ask(h, &h->devices->items[i], fault) < 0)
			return -1;
	for (size_t i = 0; i < h->count && h->limited; i++)
		if (check_limits(&h->items[i], fault) < 0)
			return -1;
	return check_apart(h, fault);
}

/* ---- what there is ------------------------------------------------------------------------------
 */

/* Looked up, else made. */
static int provide(struct hostbridges *h, struct hostbridge *b, struct fault *fault)
{
	const struct bridgemark making = {.owner = h->owner, .made_for = procid_of(getpid())};
	char alias[LINK_ALIAS_MAX];

	bridgemark_write(&making, alias);
	return bridge_provide(&h->netlink, b->name, b->create, alias, &b->link, &b->made, fault);
}

static int check_foreign(const struct hostbridge *b, struct fault *fault)
{
	const char *what = b->dhcp      ? "DHCP"
			   : b->nat     ? "NAT"
			   : b->publish ? "published ports"
					: NULL;

	for (size_t i = 0; i < b->hosts.count; i++)
		if (!addresses_have(&b->before, &b->hosts.items[i]))
			return bridge_lacks(&b->link, &b->hosts.items[i], fault);
	if (what) {
		fault_set(fault, EX_CANTCREAT, "%s: isn't made by mirari, so it gets no %s from us",
		    b->name, what);
		return fault_hint(fault,
		    "leave that to who has made it, or: mirari-tap bridge ANOTHER --host "
		    "ADDRESS/PREFIX");
	}
	if (b->mtu && b->mtu != b->link.mtu)
		return fault_set(fault, EX_CANTCREAT,
		    "%s: isn't made by mirari, and its MTU is %u, not %u", b->name, b->link.mtu,
		    b->mtu);
	return 0;
}

/* The addresses that it has, and is to have. */
static int look(struct hostbridges *h, struct hostbridge *b, struct fault *fault)
{
	const unsigned own[2] = {b->link.ifindex, 0};
	struct link_addresses all = {0};
	int result = link_addresses_read(&h->netlink, &all, fault);

	b->before.count = b->now.count = 0;
	for (size_t i = 0; result == 0 && i < all.count; i++)
		if (all.items[i].ifindex == b->link.ifindex && !all.items[i].automatic)
			addresses_add(&b->before, &all.items[i].address);
	if (result == 0 && h->limited)
		result = addresses_check_limits(b->name, &b->hosts, own, &all, fault);
	link_addresses_free(&all);
	if (!h->kept)
		add_all(&b->now, &b->before);
	add_all(&b->now, &b->hosts);
	return result;
}

/* What is to be said of it when all is done; who answers DHCP isn't known yet. */
static void plan_mark(const struct hostbridges *h, struct hostbridge *b)
{
	const struct bridgemark *before = &b->mark_before;

	if (!bridgemark_read(b->link.alias, &b->mark_before))
		b->mark_before = (struct bridgemark){.owner = h->owner};
	b->mark = (struct bridgemark){.owner = before->owner,
	    .kept = h->kept || before->kept,
	    .wanted = h->kept ? before->wanted : clock_ms() / 1000 + 1,
	    .nat = b->nat || (!h->kept && before->nat)};
	if (b->made)
		b->mark.owner = h->owner;
	if (before->dhcp.pid && procid_is_alive(before->dhcp) && (b->dhcp || !h->kept))
		b->mark.dhcp = before->dhcp;
}

static int change(struct hostbridges *h, struct hostbridge *b, struct fault *fault)
{
	struct link_changes changes;
	struct link_change change = {.link = &b->link,
	    .mtu = b->mtu != b->link.mtu ? b->mtu : 0,
	    .group = b->link.group != MARK_GROUP && !b->made ? MARK_GROUP : 0,
	    .up = !b->made && !(b->link.flags & IFF_UP),
	    .no_automatic = b->made};

	for (size_t i = 0; i < b->now.count; i++)
		change.no_automatic = change.no_automatic && b->now.items[i].family == AF_INET;
	link_changes_start(&changes, &h->netlink);
	if (((change.mtu || change.group || change.up || change.no_automatic) &&
		link_change(&changes, &change, fault) < 0) ||
	    link_change_addresses(&changes, &b->link, &b->before, &b->now, fault) < 0)
		return -1;
	return link_changes_send(&changes, fault);
}

static int make_one(struct hostbridges *h, struct hostbridge *b, struct fault *fault)
{
	b->made = false;
	if (provide(h, b, fault) < 0)
		return -1;
	b->ours = b->made || link_is_our_bridge(&b->link);
	if (h->limited && !b->made && (!b->ours || link_owner(&b->link) != h->owner))
		return bridge_not_own(&b->link, fault);
	if (look(h, b, fault) < 0)
		return -1;
	if (!b->ours)
		return check_foreign(b, fault);
	plan_mark(h, b);
	return change(h, b, fault);
}

int hostbridges_make(struct hostbridges *h, struct fault *fault)
{
	if (!h->netlink.socket && netlink_open(&h->netlink, fault) < 0)
		return -1;
	for (size_t i = 0; i < h->count; i++)
		if (make_one(h, &h->items[i], fault) < 0)
			return -1;
	return hostguests_reserve(h, fault);
}

static int write_mark(struct hostbridges *h, const struct hostbridge *b,
    const struct bridgemark *mark, struct fault *fault)
{
	struct link_changes changes;
	char alias[LINK_ALIAS_MAX];

	bridgemark_write(mark, alias);
	if (!strcmp(alias, b->link.alias) && mark == &b->mark)
		return 0;
	link_changes_start(&changes, &h->netlink);
	if (link_change(&changes, &(struct link_change){.link = &b->link, .alias = alias}, fault) <
	    0)
		return -1;
	return link_changes_send(&changes, fault);
}

int hostbridges_mark(struct hostbridges *h, struct fault *fault)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].ours && write_mark(h, &h->items[i], &h->items[i].mark, fault) < 0)
			return -1;
	return 0;
}

/* ---- and back -----------------------------------------------------------------------------------
 */

static int take_back(struct hostbridges *h, const struct hostbridge *b, struct fault *fault)
{
	const struct links one = {.items = (struct link *)&b->link, .count = 1};
	const struct link_change change = {.link = &b->link,
	    .alias = b->link.alias,
	    .mtu = b->link.mtu,
	    .down = !(b->link.flags & IFF_UP)};
	struct link_changes changes;
	struct links all = {0};
	int result;

	if (b->made) {
		result = links_read(&h->netlink, false, &all, fault);
		if (result == 0 && !bridge_has_port(&all, &b->link))
			result = links_delete(&h->netlink, &one, &b->made, false, fault);
		links_free(&all);
		return result;
	}
	link_changes_start(&changes, &h->netlink);
	changes.gone_is_fine = true;
	if (link_change(&changes, &change, fault) < 0 ||
	    link_change_addresses(&changes, &b->link, &b->now, &b->before, fault) < 0)
		return -1;
	return link_changes_send(&changes, fault);
}

bool hostbridges_undo(struct hostbridges *h)
{
	bool done = hostguests_undo(h);
	struct fault ignored; /* what led here is the fault to tell */

	for (size_t i = h->count; i-- > 0;) {
		struct hostbridge *b = &h->items[i];

		if (b->ours && b->link.ifindex)
			done = take_back(h, b, &ignored) == 0 && done;
		b->link = (struct link){0};
		b->ours = b->made = false;
		b->before.count = b->now.count = 0;
	}
	return done;
}

bool hostbridges_vanished(const struct hostbridges *h)
{
	char name[IFNAMSIZ];

	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].link.ifindex && (!if_indextoname(h->items[i].link.ifindex, name) ||
						    strcmp(name, h->items[i].name)))
			return true;
	return false;
}
