#include "host/guestgone.h"

#include "core/mem.h"
#include "host/tapmark.h"
#include "host/taperror.h"
#include "render/nft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void guestgone_free(struct guestgone *g)
{
	free(g->devices);
	free(g->bridges);
	neighbours_free(&g->there);
}

static bool is_of_guests(const struct link *bridge)
{
	struct bridgemark mark;

	return link_is_our_bridge(bridge) && bridgemark_read(bridge->alias, &mark) &&
	       (mark.kept || mark.wanted || mark.made_for.pid);
}

int guestgone_find(struct guestgone *g, const struct tapgone *what, struct netlink *netlink,
    const struct links *links, struct fault *fault)
{
	g->devices = mem_zeroed(what->devices->count, sizeof *g->devices);
	g->bridges = mem_zeroed(what->devices->count, sizeof *g->bridges);
	for (size_t i = 0; i < what->devices->count; i++) {
		const struct netdev *d = &what->devices->items[i];
		const char *name = netdev_bridge(d);
		const struct link *tap = links_by_name(links, d->tap);
		const struct link *bridge = name ? links_by_name(links, name) : NULL;
		bool ours = bridge && is_of_guests(bridge);

		if (!bridge || (tap && tap != bridge) || bridge->kind != LINK_BRIDGE ||
		    (!ours && tap == bridge))
			continue;
		if (ours && what->limited && link_owner(bridge) != what->owner)
			return tap_fault(
			    &(struct tap_about){TAP_DELETE, name, NULL}, EPERM, NULL, fault);
		g->devices[g->count] = d;
		g->bridges[g->count++] = ours ? bridge : NULL;
	}
	return g->count ? neighbours_read(netlink, 0, &g->there, fault) : 0;
}

bool guestgone_has(const struct guestgone *g, const struct netdev *device)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->devices[i] == device)
			return true;
	return false;
}

/* Which of them a reservation of ours is for, or NULL. */
static const struct netdev *whose(const struct guestgone *g, const struct neighbour *n)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->bridges[i] && g->bridges[i]->ifindex == n->ifindex && neighbour_is_ours(n) &&
		    !memcmp(g->devices[i]->mac, n->mac, MAC_BYTES))
			return g->devices[i];
	return NULL;
}

bool guestgone_is_last(const struct guestgone *g, unsigned ifindex)
{
	const struct link *bridge = NULL;
	struct bridgemark mark;

	for (size_t i = 0; i < g->count; i++)
		if (g->bridges[i] && g->bridges[i]->ifindex == ifindex)
			bridge = g->bridges[i];
	if (!bridge || !bridgemark_read(bridge->alias, &mark) || mark.kept)
		return false;
	for (size_t i = 0; i < g->there.count; i++) {
		const struct neighbour *n = &g->there.items[i];

		if (n->ifindex == ifindex && neighbour_is_ours(n) && !whose(g, n))
			return false;
	}
	return true;
}

int guestgone_release(const struct guestgone *g, struct netlink *netlink, struct fault *fault)
{
	for (size_t i = 0; i < g->there.count; i++) {
		int refused;

		if (!whose(g, &g->there.items[i]))
			continue;
		refused = neighbour_release(netlink, &g->there.items[i], fault);
		if (refused > 0)
			return fault_errno(
			    fault, 0, refused, "take back the reservation of a guest's address");
		if (refused < 0)
			return -1;
	}
	return 0;
}

void guestgone_names(const struct guestgone *g, struct strv *into)
{
	for (size_t i = 0; i < g->count; i++) {
		struct buf name A_CLEANUP(buf_free) = {0};

		if (!g->bridges[i])
			continue;
		nft_guest(g->bridges[i]->name, g->devices[i]->mac, &name);
		strv_add(into, buf_str(&name));
	}
}
