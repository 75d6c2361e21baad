#include "host/taplist.h"

#include "core/rec.h"
#include "core/table.h"
#include "host/link.h"
#include "host/neighbour.h"
#include "host/netlink.h"
#include "host/tapholder.h"
#include "host/tapmark.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct links links;
	struct link_addresses addresses;
	struct tapholders holders;
	struct neighbours neighbours;
};

static void world_free(struct world *w)
{
	links_free(&w->links);
	link_addresses_free(&w->addresses);
	tapholders_free(&w->holders);
	neighbours_free(&w->neighbours);
}

static bool is_listed(const struct link *link, const struct strv *names, bool all)
{
	if (link->kind != LINK_TAP && link->kind != LINK_BRIDGE)
		return false;
	return names->count ? strv_has(names, link->name) : all || link_is_ours(link);
}

static void owner_name(uid_t owner, struct buf *into)
{
	const struct passwd *user = owner == NO_ID ? NULL : getpwuid(owner);

	if (user)
		buf_adds(into, user->pw_name);
	else if (owner != NO_ID)
		buf_printf(into, "%u", owner);
}

/* One value of a record: text by printf; nothing is added when that is empty. */
static int add(struct rec *r, struct fault *fault, const char *key, const char *format, ...)
    A_PRINTF(4, 5);

static int add(struct rec *r, struct fault *fault, const char *key, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return *text ? rec_add(r, key, text, fault) : 0;
}

static int add_addresses(
    const struct world *w, const struct link *link, struct rec *r, struct fault *fault)
{
	for (size_t i = 0; i < w->addresses.count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		if (w->addresses.items[i].ifindex != link->ifindex)
			continue;
		address_text(&w->addresses.items[i].address, &text);
		if (rec_add(r, "address", buf_str(&text), fault) < 0)
			return -1;
	}
	return 0;
}

/* What a bridge of ours does for its guests, and whom it has addresses for. */
static int add_bridge(
    const struct world *w, const struct link *link, struct rec *r, struct fault *fault)
{
	struct bridgemark mark;

	if (!link_is_our_bridge(link) || !bridgemark_read(link->alias, &mark))
		return 0;
	if ((mark.kept && add(r, fault, "kept", "true") < 0) ||
	    (mark.nat && add(r, fault, "nat", "true") < 0) ||
	    (mark.dhcp.pid && procid_is_alive(mark.dhcp) &&
		add(r, fault, "dhcp.pid", "%d", (int)mark.dhcp.pid) < 0))
		return -1;
	for (size_t i = 0; i < w->neighbours.count; i++) {
		const struct neighbour *n = &w->neighbours.items[i];
		struct buf mac A_CLEANUP(buf_free) = {0};
		char address[INET_ADDRSTRLEN];

		if (!n->reserved || n->ifindex != link->ifindex)
			continue;
		mac_text(n->mac, &mac);
		inet_ntop(AF_INET, &n->address, address, sizeof address);
		if (add(r, fault, "reserved", "%s %s", address, buf_str(&mac)) < 0)
			return -1;
	}
	return 0;
}

static int add_mark(const struct link *link, struct rec *r, struct fault *fault)
{
	struct tapmark mark;

	if (!link_is_our_tap(link) || !tapmark_read(link->alias, &mark))
		return 0;
	if (add(r, fault, "name", "%s", mark.unikernel) < 0 ||
	    add(r, fault, "device", "%s", mark.device) < 0 ||
	    add(r, fault, "mac", "%s", mark.mac) < 0 ||
	    add(r, fault, "guest", "%s", mark.guest) < 0)
		return -1;
	return mark.dhcp.pid && procid_is_alive(mark.dhcp)
		   ? add(r, fault, "dhcp.pid", "%d", (int)mark.dhcp.pid)
		   : 0;
}

static int add_tap(
    const struct world *w, const struct link *link, struct rec *r, struct fault *fault)
{
	const struct tapholder *holder = tapholders_of(&w->holders, link->name);
	struct buf owner A_CLEANUP(buf_free) = {0};
	const struct group *group = link->group_owner == NO_ID ? NULL : getgrgid(link->group_owner);

	owner_name(link_owner(link), &owner);
	if (link->kind != LINK_TAP)
		return add(r, fault, "owner", "%s", buf_str(&owner));
	if (add(r, fault, "persistent", "%s", link->persistent ? "true" : "false") < 0 ||
	    add(r, fault, "in-use", "%s", link->carrier ? "true" : "false") < 0 ||
	    add(r, fault, "owner", "%s", buf_str(&owner)) < 0)
		return -1;
	if (link->group_owner != NO_ID &&
	    (group ? add(r, fault, "group", "%s", group->gr_name)
		   : add(r, fault, "group", "%u", link->group_owner)) < 0)
		return -1;
	if (!holder)
		return 0;
	return add(r, fault, "holder.pid", "%d", (int)holder->pid) < 0
		   ? -1
		   : add(r, fault, "holder.program", "%s", holder->program);
}

static int record_of(
    const struct world *w, const struct link *link, struct rec *r, struct fault *fault)
{
	const struct link *bridge = link->master ? links_by_index(&w->links, link->master) : NULL;

	if (add(r, fault, link->kind == LINK_BRIDGE ? "bridge" : "tap", "%s", link->name) < 0 ||
	    add(r, fault, "ifindex", "%u", link->ifindex) < 0 ||
	    add(r, fault, "state", "%s", link->flags & IFF_UP ? "up" : "down") < 0 ||
	    add(r, fault, "mtu", "%u", link->mtu) < 0 || add_mark(link, r, fault) < 0 ||
	    add_bridge(w, link, r, fault) < 0 || add_addresses(w, link, r, fault) < 0 ||
	    (bridge && add(r, fault, "master", "%s", bridge->name) < 0) ||
	    add_tap(w, link, r, fault) < 0)
		return -1;
	if (add(r, fault, "rx.bytes", "%llu", (unsigned long long)link->rx_bytes) < 0 ||
	    add(r, fault, "rx.packets", "%llu", (unsigned long long)link->rx_packets) < 0 ||
	    add(r, fault, "tx.bytes", "%llu", (unsigned long long)link->tx_bytes) < 0)
		return -1;
	return add(r, fault, "tx.packets", "%llu", (unsigned long long)link->tx_packets);
}

static void add_bytes(struct strv *cells, const char *bytes)
{
	table_size(cells, bytes ? strtod(bytes, NULL) : 0, " KMGTPE");
}

enum { COLUMNS = 9 };

static void row_of(const struct rec *r, struct strv *cells)
{
	const char *tap = rec_get(r, "tap"), *device = rec_get(r, "device");
	const char *name = rec_get(r, "name"), *pid = rec_get(r, "holder.pid");
	const char *in_use = rec_get(r, "in-use"), *value;
	struct buf addresses A_CLEANUP(buf_free) = {0};

	table_cell(cells, tap ? tap : rec_get(r, "bridge"));
	strv_addf(cells, "%s%s", rec_get(r, "state"), in_use && !strcmp(in_use, "true") ? "+" : "");
	if (device)
		strv_addf(cells, "%s%s%s", name ? name : "", name ? "/" : "", device);
	else if (tap)
		table_cell(cells, NULL);
	else
		strv_addf(cells, "bridge%s%s", rec_get(r, "nat") ? "+nat" : "",
		    rec_get(r, "dhcp.pid") ? "+dhcp" : "");
	for (size_t i = 0; rec_each(r, "address", &i, &value);)
		buf_printf(&addresses, "%s%s", addresses.length ? "," : "", value);
	table_cell(cells, buf_str(&addresses));
	table_cell(cells, rec_get(r, "master"));
	table_cell(cells, rec_get(r, "owner"));
	if (pid)
		strv_addf(cells, "%s(%s)", rec_get(r, "holder.program"), pid);
	else
		table_cell(cells, NULL);
	add_bytes(cells, rec_get(r, "rx.bytes"));
	add_bytes(cells, rec_get(r, "tx.bytes"));
}

static int read_world(struct world *w, struct fault *fault)
{
	struct netlink netlink A_CLEANUP(netlink_close) = {0};

	if (netlink_open(&netlink, fault) < 0 || links_read(&netlink, true, &w->links, fault) < 0 ||
	    link_addresses_read(&netlink, &w->addresses, fault) < 0 ||
	    neighbours_read(&netlink, 0, &w->neighbours, fault) < 0)
		return -1;
	tapholders_read(&w->holders);
	return 0;
}

int taplist(const struct strv *names, bool all, bool table, struct buf *into, struct strv *absent,
    struct fault *fault)
{
	struct world w A_CLEANUP(world_free) = {0};
	struct strv cells A_CLEANUP(strv_free) = {0};
	size_t found = 0;

	if (read_world(&w, fault) < 0)
		return -1;
	strv_list(
	    &cells, "NAME", "STATE", "DEVICE", "ADDRESS", "BRIDGE", "OWNER", "HOLDER", "RX", "TX");
	for (size_t i = 0; i < w.links.count; i++) {
		struct rec record A_CLEANUP(rec_free) = {0};

		if (!is_listed(&w.links.items[i], names, all))
			continue;
		found++;
		if (record_of(&w, &w.links.items[i], &record, fault) < 0)
			return -1;
		if (table)
			row_of(&record, &cells);
		else
			rec_write(&record, into);
	}
	for (size_t i = 0; i < names->count; i++) {
		const struct link *link = links_by_name(&w.links, names->items[i]);

		if (!link || !is_listed(link, names, all))
			strv_add(absent, names->items[i]);
	}
	if (table && found)
		table_add(into, &cells, COLUMNS);
	return 0;
}
