#include "host/bridge.h"

#include "core/mem.h"
#include "host/tapmark.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 20 };

void bridges_free(struct bridges *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->items[i].added.items);
	free(b->items);
	*b = (struct bridges){0};
}

static struct bridge *known(struct bridges *b, const char *name)
{
	for (size_t i = 0; i < b->count; i++)
		if (!strcmp(b->items[i].link.name, name))
			return &b->items[i];
	return NULL;
}

/* 0: there it is; 1: somebody else has made or removed it meanwhile. */
static int make(struct netlink *netlink, const char *name, const char *alias, struct link *into,
    struct fault *fault)
{
	struct link_changes changes;
	int found;

	link_changes_start(&changes, netlink);
	if (link_make_bridge(&changes, name, fault) < 0)
		return -1;
	if (link_changes_send(&changes, fault) < 0)
		return changes.failed && changes.refusal.error == EEXIST ? 1 : -1;
	found = link_find(netlink, name, into, fault);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	if (link_change(&changes, &(struct link_change){.link = into, .alias = alias}, fault) < 0)
		return -1;
	return link_changes_send(&changes, fault) < 0 && !link_changes_vanished(&changes) ? -1 : 0;
}

/* A bridge may come and go between looking and making. */
int bridge_provide(struct netlink *netlink, const char *name, bool create, const char *alias,
    struct link *into, bool *made, struct fault *fault)
{
	struct tap_about about = {TAP_BRIDGE, name, NULL};

	for (int i = 0; i < TRIES; i++) {
		int found = link_find(netlink, name, into, fault), result;

		if (found < 0)
			return -1;
		if (found && into->kind != LINK_BRIDGE)
			return tap_fault(&about, EEXIST, NULL, fault);
		if (found)
			return 0;
		if (!create)
			return tap_fault(&about, ENODEV, NULL, fault);
		result = make(netlink, name, alias, into, fault);
		*made = result == 0;
		if (result <= 0)
			return result;
	}
	return tap_fault(&about, EBUSY, NULL, fault);
}

static bool has(const struct link_addresses *all, unsigned ifindex, const struct address *address)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].ifindex == ifindex &&
		    address_same(&all->items[i].address, address))
			return true;
	return false;
}

int bridge_lacks(const struct link *bridge, const struct address *address, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	address_text(address, &text);
	fault_set(fault, EX_CANTCREAT,
	    "%s: isn't made by mirari, so its addresses are not ours to change, and %s isn't one",
	    bridge->name, buf_str(&text));
	return fault_hint(fault, "leave net.DEV.host (--host) out, or: ip address add %s dev %s",
	    buf_str(&text), bridge->name);
}

/* The host's addresses of a tap in a bridge are the bridge's. Those of other taps stay. */
static int set_addresses(struct netlink *netlink, struct bridge *bridge,
    const struct netdev *device, struct fault *fault)
{
	struct link_addresses all = {0};
	struct link_changes changes;
	int result = 0;

	if (!device->hosts.count)
		return 0;
	if (!bridge->made && link_addresses_read(netlink, &all, fault) < 0)
		return -1;
	link_changes_start(&changes, netlink);
	for (size_t i = 0; result == 0 && i < device->hosts.count; i++) {
		const struct address *address = &device->hosts.items[i];

		if (has(&all, bridge->link.ifindex, address))
			continue;
		result = bridge->ours ? link_add_address(&changes, &bridge->link, address, fault)
				      : bridge_lacks(&bridge->link, address, fault);
		if (result == 0)
			addresses_add(&bridge->added, address);
	}
	link_addresses_free(&all);
	return result < 0 ? -1 : link_changes_send(&changes, fault);
}

int bridge_not_own(const struct link *bridge, struct fault *fault)
{
	fault_set(fault, EX_NOPERM,
	    "%s: without being root only a bridge that you have made yourself is allowed",
	    bridge->name);
	return fault_hint(fault, "--bridge mirNAME --create-bridge makes one");
}

int bridges_provide(struct bridges *b, struct netlink *netlink, const struct netdev *device,
    uid_t owner, bool limited, const struct bridge **into, struct fault *fault)
{
	struct bridge *bridge = known(b, device->bridge);

	if (!bridge) {
		struct bridge new = {.made = false};
		char alias[LINK_ALIAS_MAX];

		tapmark_write_bridge(owner, alias);
		if (bridge_provide(netlink, device->bridge, device->bridge_create, alias, &new.link,
			&new.made, fault) < 0)
			return -1;
		new.ours = new.made || link_is_our_bridge(&new.link);
		if (limited && !new.made && (!new.ours || link_owner(&new.link) != owner))
			return bridge_not_own(&new.link, fault);
		b->items = mem_resize(b->items, b->count + 1, sizeof *b->items);
		bridge = &b->items[b->count++];
		*bridge = new;
	}
	*into = bridge;
	return set_addresses(netlink, bridge, device, fault);
}

bool bridge_has_port(const struct links *all, const struct link *bridge)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].master == bridge->ifindex)
			return true;
	return false;
}

static int take_back(struct netlink *netlink, const struct bridge *bridge, struct fault *fault)
{
	const struct links one = {.items = (struct link *)&bridge->link, .count = 1};
	struct link_changes changes;
	struct links all = {0};
	int result = 0;

	if (bridge->made) {
		result = links_read(netlink, false, &all, fault);
		/* somebody else may have put a tap into it by now */
		if (result == 0 && !bridge_has_port(&all, &bridge->link))
			result = links_delete(netlink, &one, &bridge->made, false, fault);
		links_free(&all);
		return result;
	}
	link_changes_start(&changes, netlink);
	changes.gone_is_fine = true;
	for (size_t i = 0; i < bridge->added.count; i++)
		if (link_remove_address(&changes, &bridge->link, &bridge->added.items[i], fault) <
		    0)
			return -1;
	return link_changes_send(&changes, fault);
}

bool bridges_undo(struct bridges *b, struct netlink *netlink)
{
	struct fault ignored; /* what led here is the fault to tell */
	bool done = true;

	for (size_t i = 0; i < b->count; i++)
		done = take_back(netlink, &b->items[i], &ignored) == 0 && done;
	return done;
}
