#include "host/hostbridge.h"

#include <errno.h>
#include <string.h>

static int is_taken(const struct hostguest *g, const char *bridge, const struct address *address,
    const struct neighbour *by, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0}, whom A_CLEANUP(buf_free) = {0};

	address_alone(address, &text);
	if (by) {
		mac_text(by->mac, &whom);
		fault_set(fault, EX_UNAVAILABLE, "%s: %s is reserved for another guest, %s", bridge,
		    buf_str(&text), buf_str(&whom));
	} else {
		fault_set(fault, EX_DATAERR, "net.%s.guest: %s is the host's own address on %s",
		    g->device->name, buf_str(&text), bridge);
	}
	return fault_hint(
	    fault, "give this one another: --set net.%s.guest=ADDRESS/PREFIX", g->device->name);
}

/* An address is one guest's, and not the host's. */
static int check_free(const struct hostguest *g, const struct hostbridge *b,
    const struct address *address, const struct neighbours *all, struct fault *fault)
{
	for (size_t i = 0; i < b->now.count; i++)
		if (b->now.items[i].family == AF_INET &&
		    !memcmp(b->now.items[i].bytes, address->bytes, 4))
			return is_taken(g, b->name, address, NULL, fault);
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].reserved && !memcmp(&all->items[i].address, address->bytes, 4) &&
		    memcmp(all->items[i].mac, g->device->mac, MAC_BYTES))
			return is_taken(g, b->name, address, &all->items[i], fault);
	return 0;
}

static int refused(const char *bridge, int error, struct fault *fault)
{
	fault_errno(fault, 0, error, "%s: reserve a guest's address", bridge);
	return fault->status == EX_NOPERM ? fault_hint(fault, "run it with sudo") : -1;
}

static int reserve(
    struct hostbridges *h, struct hostguest *g, const struct address *address, struct fault *fault)
{
	const struct hostbridge *b = &h->items[g->bridge];
	struct neighbours all A_CLEANUP(neighbours_free) = {0};
	const struct neighbour *there;
	int error = 0;

	if (neighbours_read(&h->netlink, b->link.ifindex, &all, fault) < 0 ||
	    check_free(g, b, address, &all, fault) < 0)
		return -1;
	g->now = (struct neighbour){.ifindex = b->link.ifindex,
	    .reserved = true,
	    .origin = g->gateway ? NEIGHBOUR_GATEWAY : NEIGHBOUR_NO_GATEWAY};
	memcpy(&g->now.address, address->bytes, sizeof g->now.address);
	memcpy(g->now.mac, g->device->mac, MAC_BYTES);
	there = neighbours_reserved(&all, b->link.ifindex, g->device->mac);
	if (there && there->address.s_addr == g->now.address.s_addr &&
	    (there->origin == g->now.origin || !neighbour_is_ours(there)))
		return 0;
	if (there) {
		g->before = *there;
		g->released = true;
		error = neighbour_release(&h->netlink, there, fault);
	}
	if (!error) {
		g->reserved = true;
		error = neighbour_reserve(&h->netlink, &g->now, fault);
	}
	return error > 0 ? refused(b->name, error, fault) : error;
}

int hostguests_reserve(struct hostbridges *h, struct fault *fault)
{
	for (size_t i = 0; i < h->guest_count; i++) {
		struct hostguest *g = &h->guests[i];
		const struct address *address = netdev_ipv4(&g->device->guests);

		if (h->items[g->bridge].ours && address && reserve(h, g, address, fault) < 0)
			return -1;
	}
	return 0;
}

bool hostguests_undo(struct hostbridges *h)
{
	struct fault ignored; /* what led here is the fault to tell */
	bool done = true;

	for (size_t i = h->guest_count; i-- > 0;) {
		struct hostguest *g = &h->guests[i];

		if (g->reserved)
			done = neighbour_release(&h->netlink, &g->now, &ignored) == 0 && done;
		if (g->released)
			done = neighbour_reserve(&h->netlink, &g->before, &ignored) == 0 && done;
		g->reserved = g->released = false;
	}
	return done;
}
