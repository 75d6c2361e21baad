#include "host/tapgone.h"

#include "core/clock.h"
#include "core/mem.h"
#include "host/guestgone.h"
#include "host/link.h"
#include "host/linkchange.h"
#include "host/neighbour.h"
#include "host/netlink.h"
#include "host/tapholder.h"
#include "host/tapmark.h"
#include "render/nft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bridge that was made for a record's guests has this long to get a port before it is litter. */
enum { WANTED_SECONDS = 60 };

struct choice {
	struct links links;
	bool *goes; /* owned; for each of them */
	size_t count;
	struct guestgone guests;
};

static void choice_free(struct choice *c)
{
	links_free(&c->links);
	free(c->goes);
	guestgone_free(&c->guests);
}

void tapgone_free(struct tapgone *g)
{
	strv_free(&g->names);
	strv_free(&g->removed);
	strv_free(&g->translated);
	strv_free(&g->absent);
}

static int check_one(const struct tapgone *g, const struct link *link, struct fault *fault)
{
	if (!link_is_ours(link)) {
		fault_set(
		    fault, EX_NOPERM, "%s: isn't made by mirari, so it isn't removed", link->name);
		return fault_hint(fault, "sudo ip link delete %s", link->name);
	}
	if (g->limited && link_owner(link) != g->owner)
		return tap_fault(
		    &(struct tap_about){TAP_DELETE, link->name, NULL}, EPERM, NULL, fault);
	if (link->kind != LINK_TAP || !link->carrier || g->force)
		return 0;
	return tap_in_use(TAP_DELETE, link->name, fault);
}

static void choose(struct choice *c, const struct link *link)
{
	bool *goes = &c->goes[link - c->links.items];

	c->count += !*goes;
	*goes = true;
}

/* A bridge with a port that stays is in use. */
static int check_ports(const struct choice *c, struct fault *fault)
{
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *port = &c->links.items[i];
		const struct link *bridge =
		    port->master && !c->goes[i] ? links_by_index(&c->links, port->master) : NULL;
		char by[64];
		struct tap_about about;

		if (!bridge || !c->goes[bridge - c->links.items])
			continue;
		snprintf(by, sizeof by, "by %s, which is a port of it", port->name);
		about = (struct tap_about){TAP_DELETE, bridge->name, by};
		return tap_fault(&about, EBUSY, NULL, fault);
	}
	return 0;
}

static int choose_named(struct tapgone *g, struct choice *c, struct fault *fault)
{
	for (size_t i = 0; i < g->names.count; i++) {
		const struct link *link = links_by_name(&c->links, g->names.items[i]);

		if (g->devices && guestgone_has(&c->guests, &g->devices->items[i]))
			continue;
		if (!link)
			strv_add(&g->absent, g->names.items[i]);
		else if (check_one(g, link, fault) < 0)
			return -1;
		else
			choose(c, link);
	}
	return g->force ? 0 : check_ports(c, fault);
}

static int choose_all(const struct tapgone *g, struct choice *c, struct fault *fault)
{
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *link = &c->links.items[i];

		if (!link_is_our_tap(link) || (g->limited && link->owner != g->owner))
			continue;
		if (check_one(g, link, fault) < 0)
			return -1;
		choose(c, link);
	}
	return 0;
}

/* A tap of ours that was made for a program which has ended, or that somebody was about to remove.
 * It may be open still: its carrier. */
static bool is_litter(const struct link *link)
{
	struct tapmark mark;

	return link_is_our_tap(link) && tapmark_read(link->alias, &mark) &&
	       ((mark.made_for.pid && !procid_is_alive(mark.made_for)) ||
		   link->group == MARK_GROUP_DOOMED);
}

static void choose_litter(struct tapgone *g, struct choice *c)
{
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *link = &c->links.items[i];

		if (!is_litter(link) || (g->limited && link->owner != g->owner))
			continue;
		if (link->carrier)
			g->held = true;
		else
			choose(c, link);
	}
}

/* Without a port, does it stay? `going`: it is about to lose its last. */
static bool outlasts(
    const struct tapgone *g, const struct choice *c, const struct link *bridge, bool going)
{
	struct bridgemark mark;

	if (g->all || guestgone_is_last(&c->guests, bridge->ifindex))
		return false;
	if (bridge->group == MARK_GROUP_DOOMED || !bridgemark_read(bridge->alias, &mark))
		return !(going || g->litter);
	if (mark.kept || (mark.made_for.pid && procid_is_alive(mark.made_for)))
		return true;
	if (mark.wanted)
		return !g->litter || !g->thorough ||
		       clock_ms() / 1000 - mark.wanted < WANTED_SECONDS;
	return !(going || g->litter);
}

/* A bridge of ours goes with its last port, unless it was asked for; one that has lost it before,
 * when litter is cleared. */
static void choose_bridges(const struct tapgone *g, struct choice *c)
{
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *bridge = &c->links.items[i];
		size_t going = 0, staying = 0;

		if (!link_is_our_bridge(bridge) || (g->limited && link_owner(bridge) != g->owner))
			continue;
		for (size_t k = 0; k < c->links.count; k++) {
			if (c->links.items[k].master != bridge->ifindex)
				continue;
			going += c->goes[k];
			staying += !c->goes[k];
		}
		if (!staying && !outlasts(g, c, bridge, going))
			choose(c, bridge);
	}
}

static bool has_table(const struct link *link)
{
	struct bridgemark bridge;
	struct tapmark mark;

	return link->kind == LINK_BRIDGE ? bridgemark_read(link->alias, &bridge) && bridge.nat
					 : tapmark_read(link->alias, &mark) && mark.nat;
}

static void name_removed(struct tapgone *g, const struct choice *c)
{
	for (size_t i = 0; i < c->links.count; i++)
		if (c->goes[i] && has_table(&c->links.items[i]))
			strv_add(&g->translated, c->links.items[i].name);
	guestgone_names(&c->guests, &g->translated);
	for (int bridges = 0; bridges <= 1; bridges++)
		for (size_t i = 0; i < c->links.count; i++)
			if (c->goes[i] && (c->links.items[i].kind == LINK_BRIDGE) == bridges)
				strv_add(&g->removed, c->links.items[i].name);
}

int tapgone_remove(struct tapgone *g, struct fault *fault)
{
	struct netlink netlink A_CLEANUP(netlink_close) = {0};
	struct choice c A_CLEANUP(choice_free) = {0};
	int result = 0;

	if (netlink_open(&netlink, fault) < 0 || links_read(&netlink, false, &c.links, fault) < 0 ||
	    (g->devices && guestgone_find(&c.guests, g, &netlink, &c.links, fault) < 0))
		return -1;
	c.goes = mem_zeroed(c.links.count, sizeof *c.goes);
	if (g->litter)
		choose_litter(g, &c);
	else
		result = g->all ? choose_all(g, &c, fault) : choose_named(g, &c, fault);
	if (result < 0)
		return -1;
	choose_bridges(g, &c);
	if (!g->dry_run && guestgone_release(&c.guests, &netlink, fault) < 0)
		return -1;
	/* a group may be another user's by the time when it is deleted */
	if (c.count && !g->dry_run &&
	    links_delete(&netlink, &c.links, c.goes, g->all && !g->limited, fault) < 0)
		return -1;
	name_removed(g, &c);
	return 0;
}

static bool translates(const struct link *link)
{
	return link && link_is_ours(link) && has_table(link) && (link->carrier || !is_litter(link));
}

/* Has the bridge a reservation for this guest? */
static bool is_reserved(
    const char *name, const struct links *links, const struct neighbours *neighbours)
{
	struct buf bridge A_CLEANUP(buf_free) = {0};
	const struct link *link;

	buf_add(&bridge, name, strcspn(name, "."));
	link = links_by_name(links, buf_str(&bridge));
	for (size_t i = 0; link && link_is_our_bridge(link) && i < neighbours->count; i++) {
		const struct neighbour *n = &neighbours->items[i];
		struct buf guest A_CLEANUP(buf_free) = {0};

		nft_guest(link->name, n->mac, &guest);
		if (n->reserved && n->ifindex == link->ifindex && !strcmp(buf_str(&guest), name))
			return true;
	}
	return false;
}

int tapgone_find(const struct strv *names, struct strv *into, struct fault *fault)
{
	struct netlink netlink A_CLEANUP(netlink_close) = {0};
	struct neighbours neighbours A_CLEANUP(neighbours_free) = {0};
	struct links all A_CLEANUP(links_free) = {0};
	bool guests = false;

	for (size_t i = 0; i < names->count; i++)
		guests = guests || nft_is_guest(names->items[i]);
	if (netlink_open(&netlink, fault) < 0 || links_read(&netlink, false, &all, fault) < 0 ||
	    (guests && neighbours_read(&netlink, 0, &neighbours, fault) < 0))
		return -1;
	for (size_t i = 0; i < names->count; i++)
		if (nft_is_guest(names->items[i])
			? !is_reserved(names->items[i], &all, &neighbours)
			: !translates(links_by_name(&all, names->items[i])))
			strv_add(into, names->items[i]);
	return 0;
}
