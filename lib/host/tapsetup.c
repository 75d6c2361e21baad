#include "host/tapsetup.h"

#include <string.h>
#include <sys/socket.h>

static void mark(const struct taps *t, struct tap *tap)
{
	struct tapmark before;

	tapmark_of(tap->device, t->devices->unikernel, &tap->mark);
	if (tap->made)
		tap->mark.made_for = t->made_for;
	else if (tapmark_read(tap->before.alias, &before))
		tap->mark.dhcp = before.dhcp;
}

static int set_up_link(
    const struct taps *t, struct tap *tap, struct link_changes *changes, struct fault *fault)
{
	const struct netdev *d = tap->device;
	char alias[LINK_ALIAS_MAX];
	struct link_change change = {.link = &tap->link};
	bool ipv6 = false;

	for (size_t i = 0; i < d->hosts.count && !d->bridge; i++)
		ipv6 = ipv6 || d->hosts.items[i].family == AF_INET6;
	mark(t, tap);
	tapmark_write(&tap->mark, alias);
	if (tap->made || strcmp(alias, tap->before.alias))
		change.alias = alias;
	if (d->mtu && d->mtu != tap->link.mtu)
		change.mtu = d->mtu;
	/* one that a killed `down` was about to remove is to stay now */
	if (tap->made || tap->before.group != MARK_GROUP)
		change.group = MARK_GROUP;
	change.no_automatic = tap->made && !ipv6;
	change.up = !(tap->link.flags & IFF_UP);
	if (!change.alias && !change.mtu && !change.up && !change.group)
		return 0;
	return link_change(changes, &change, fault);
}

int tap_set_up(struct taps *t, struct tap *tap, struct link_changes *changes, struct fault *fault)
{
	static const struct addresses none;
	const struct netdev *d = tap->device;
	const struct bridge *bridge = NULL;

	tap->changed = !tap->made;
	if (d->bridge) {
		/* what waits goes out first: the look-up needs the socket */
		if (link_changes_send(changes, fault) < 0 ||
		    bridges_provide(
			&t->bridges, &t->netlink, d, t->owner, t->limited, &bridge, fault) < 0)
			return -1;
		link_changes_start(changes, &t->netlink);
	}
	if (set_up_link(t, tap, changes, fault) < 0 ||
	    link_change_addresses(changes, &tap->link, &tap->before_addresses,
		d->bridge ? &none : &d->hosts, fault) < 0)
		return -1;
	if (tap->link.master == (bridge ? bridge->link.ifindex : 0))
		return 0;
	return link_put_into(changes, &tap->link, bridge ? bridge->link.ifindex : 0,
	    bridge ? d->bridge : "none", fault);
}

/* With an address comes a route. Should: let users by a file capability have networks of their own.
 * Mustn't: let them draw to themselves what goes to other networks, or to those of other
 * interfaces.
 */
int addresses_check_limits(const char *name, const struct addresses *wanted, const unsigned own[2],
    const struct link_addresses *all, struct fault *fault)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};
		const char *what =
		    address_is_private(&wanted->items[i]) ? NULL : "isn't of a private network";

		for (size_t k = 0; k < all->count && !what; k++) {
			const struct link_address *other = &all->items[k];

			if (other->ifindex != own[0] && other->ifindex != own[1] &&
			    !other->automatic &&
			    address_overlaps(&wanted->items[i], &other->address))
				what = "is in the network of another interface";
		}
		if (!what)
			continue;
		address_text(&wanted->items[i], &text);
		fault_set(fault, EX_NOPERM, "%s: %s %s, which is for root only", name,
		    buf_str(&text), what);
		return fault_hint(fault, "choose another, such as 10.99.0.1/24; or: sudo …");
	}
	return 0;
}

static int check_limits(
    const struct tap *tap, const struct link_addresses *all, struct fault *fault)
{
	const struct netdev *d = tap->device;
	const unsigned own[2] = {tap->link.ifindex, d->bridge ? if_nametoindex(d->bridge) : 0};

	return addresses_check_limits(d->tap, &d->hosts, own, all, fault);
}

int taps_read_before(struct taps *t, struct fault *fault)
{
	struct link_addresses all = {0};
	bool needed = t->limited;
	int result = 0;

	for (size_t i = 0; i < t->count; i++)
		needed = needed || !t->items[i].made;
	if (!needed)
		return 0;
	if (link_addresses_read(&t->netlink, &all, fault) < 0)
		return -1;
	for (size_t i = 0; i < t->count && t->limited && result == 0; i++)
		result = check_limits(&t->items[i], &all, fault);
	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->items[i];
		struct addresses *into = &tap->before_addresses;

		for (size_t k = 0; !tap->made && k < all.count; k++)
			if (all.items[k].ifindex == tap->link.ifindex && !all.items[k].automatic)
				addresses_add(into, &all.items[k].address);
	}
	link_addresses_free(&all);
	return result;
}

int tap_restore(struct tap *tap, struct link_changes *changes, struct fault *fault)
{
	static const struct addresses none;
	const struct link_change change = {.link = &tap->before,
	    .alias = tap->before.alias,
	    .mtu = tap->before.mtu,
	    .down = !(tap->before.flags & IFF_UP)};
	const struct addresses *hosts = tap->device->bridge ? &none : &tap->device->hosts;

	/* all that it had is set again, since it isn't known how far we came */
	if (link_change(changes, &change, fault) < 0 ||
	    link_change_addresses(changes, &tap->before, hosts, &tap->before_addresses, fault) <
		0 ||
	    link_change_addresses(changes, &tap->before, &none, &tap->before_addresses, fault) < 0)
		return -1;
	return link_put_into(changes, &tap->before, tap->before.master, "", fault);
}
