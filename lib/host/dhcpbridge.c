#include "host/dhcpbridge.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/mem.h"
#include "host/dhcpsocket.h"
#include "host/link.h"
#include "host/nameservers.h"
#include "host/neighbour.h"
#include "host/netlink.h"
#include "host/tapmark.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Guests of a bridge come and go more than those of a tap: a lease is an hour, an offer a minute,
 * an address that somebody else uses is left alone for ten. */
enum { LEASE_SECONDS = 3600, OFFER_SECONDS = 60, REFUSED_SECONDS = 600, USUAL_MTU = 1500 };

/* What there is when a request comes. */
struct scene {
	struct links links;
	struct link_addresses addresses;
	struct neighbours neighbours;
	const struct link *bridge;
};

static void scene_free(struct scene *s)
{
	links_free(&s->links);
	link_addresses_free(&s->addresses);
	neighbours_free(&s->neighbours);
}

static bool scene_read(unsigned ifindex, struct scene *s)
{
	struct netlink netlink A_CLEANUP(netlink_close) = {0};
	struct fault ignored; /* the guest asks again */

	if (netlink_open(&netlink, &ignored) < 0 ||
	    links_read(&netlink, false, &s->links, &ignored) < 0 ||
	    link_addresses_read(&netlink, &s->addresses, &ignored) < 0 ||
	    neighbours_read(&netlink, ifindex, &s->neighbours, &ignored) < 0)
		return false;
	s->bridge = links_by_index(&s->links, ifindex);
	return s->bridge != NULL;
}

static struct in_addr in_addr_of(const struct address *address)
{
	struct in_addr in;

	memcpy(&in, address->bytes, sizeof in);
	return in;
}

/* The host's address in whose network that one is; without one, its first. */
static const struct address *host_for(const struct scene *s, const struct in_addr *guest)
{
	struct address one = {.family = AF_INET, .prefix = 32};

	if (guest)
		memcpy(one.bytes, guest, sizeof *guest);
	for (size_t i = 0; i < s->addresses.count; i++) {
		const struct link_address *a = &s->addresses.items[i];

		if (a->ifindex == s->bridge->ifindex && a->address.family == AF_INET &&
		    (!guest || address_overlaps(&a->address, &one)))
			return &a->address;
	}
	return NULL;
}

/* A port that is a tap of ours, with this guest or (mac NULL) any: the next behind *i. */
static bool next_tap(const struct scene *s, const char *mac, size_t *i, struct tapmark *mark)
{
	for (; *i < s->links.count; ++*i) {
		const struct link *l = &s->links.items[*i];

		if (l->master != s->bridge->ifindex || !link_is_our_tap(l) ||
		    !tapmark_read(l->alias, mark) || (mac && strcmp(mark->mac, mac)))
			continue;
		++*i;
		return true;
	}
	return false;
}

/* Does the tap's own keeper answer? */
static bool is_answered(const struct scene *s, const uint8_t mac[6])
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct tapmark mark;

	mac_text(mac, &text);
	for (size_t i = 0; next_tap(s, buf_str(&text), &i, &mark);)
		if (mark.dhcp.pid && procid_is_alive(mark.dhcp))
			return true;
	return false;
}

/* What others than this guest have or may come to have: the host, those whom an address is reserved
 * for, those that the kernel has heard of, and guests behind taps. */
static void find_taken(const struct scene *s, const uint8_t mac[6], struct dhcppool_network *n)
{
	struct in_addr *taken =
	    mem_zeroed(s->addresses.count + s->neighbours.count + s->links.count, sizeof *taken);
	struct tapmark mark;
	struct address guest;
	size_t count = 0;

	for (size_t i = 0; i < s->addresses.count; i++)
		if (s->addresses.items[i].ifindex == s->bridge->ifindex &&
		    s->addresses.items[i].address.family == AF_INET)
			taken[count++] = in_addr_of(&s->addresses.items[i].address);
	for (size_t i = 0; i < s->neighbours.count; i++)
		if (memcmp(s->neighbours.items[i].mac, mac, MAC_BYTES))
			taken[count++] = s->neighbours.items[i].address;
	for (size_t i = 0; next_tap(s, NULL, &i, &mark);)
		if (address_parse(mark.guest, &guest) && guest.family == AF_INET)
			taken[count++] = in_addr_of(&guest);
	n->taken = taken;
	n->taken_count = count;
}

static bool from_pool(const struct dhcpbridge *b, const struct scene *s,
    const struct dhcp_wish *wish, struct in_addr *into)
{
	const struct address *host = host_for(s, NULL);
	struct dhcppool_network network = {.prefix = host ? host->prefix : 0};
	bool found;

	if (!host)
		return false;
	network.host = in_addr_of(host);
	find_taken(s, wish->mac, &network);
	found =
	    dhcppool_choose(&b->pool, &network, wish->mac, wish->asked, clock_ms() / 1000, into);
	free((void *)network.taken);
	return found;
}

static bool choose(const struct dhcpbridge *b, const struct scene *s, const struct dhcp_wish *wish,
    struct dhcp_lease *into)
{
	const struct neighbour *reserved =
	    neighbours_reserved(&s->neighbours, s->bridge->ifindex, wish->mac);
	const struct address *host;

	*into = (struct dhcp_lease){
	    .seconds = LEASE_SECONDS, .mtu = s->bridge->mtu == USUAL_MTU ? 0 : s->bridge->mtu};
	if (reserved)
		into->address = reserved->address;
	else if (!from_pool(b, s, wish, &into->address))
		return false;
	host = host_for(s, &into->address);
	if (!host)
		return false;
	into->server = in_addr_of(host);
	into->netmask.s_addr = host->prefix ? htonl(0xffffffffu << (32 - host->prefix)) : 0;
	if (!reserved || reserved->origin != NEIGHBOUR_NO_GATEWAY)
		into->router = into->server;
	memcpy(into->mac, wish->mac, MAC_BYTES);
	memcpy(into->server_mac, s->bridge->mac, MAC_BYTES);
	into->nameserver_count = nameservers_read(nameservers_files, into->nameservers);
	return true;
}

/* What the guest says changes who has what. */
static void remember(
    struct dhcpbridge *b, const struct dhcp_wish *wish, const struct dhcp_lease *lease)
{
	int64_t now = clock_ms() / 1000;

	if (wish->what == DHCP_REFUSES) {
		dhcppool_refuse(&b->pool, wish->mac, now + REFUSED_SECONDS);
	} else if (wish->what == DHCP_ENDS) {
		dhcppool_end(&b->pool, wish->mac, now);
	} else if (wish->what == DHCP_LOOKS) {
		dhcppool_hold(&b->pool, wish->mac, lease->address, now + OFFER_SECONDS);
	} else if (wish->asked.s_addr == lease->address.s_addr &&
		   (!wish->server.s_addr || wish->server.s_addr == lease->server.s_addr)) {
		dhcppool_hold(&b->pool, wish->mac, lease->address, now + LEASE_SECONDS);
	}
}

static bool is_named(const struct dhcpbridge *b, const struct scene *s)
{
	struct bridgemark mark;

	return link_is_our_bridge(s->bridge) && bridgemark_read(s->bridge->alias, &mark) &&
	       procid_same(mark.dhcp, b->self);
}

static void look_for_name(struct dhcpbridge *b, const struct scene *s)
{
	bool named = is_named(b, s);

	if (b->named && !named)
		b->since = clock_ms();
	b->named = named;
}

static size_t answer(
    void *context, const uint8_t *frame, size_t length, uint8_t reply[DHCP_FRAME_MAX])
{
	struct scene scene A_CLEANUP(scene_free) = {.bridge = NULL};
	struct dhcpbridge *b = context;
	struct dhcp_lease lease;
	struct dhcp_wish wish;

	if (!dhcp_read_wish(frame, length, &wish) || !scene_read(b->ifindex, &scene))
		return 0;
	look_for_name(b, &scene);
	if (!b->named || is_answered(&scene, wish.mac) || !choose(b, &scene, &wish, &lease))
		return 0;
	remember(b, &wish, &lease);
	return dhcp_answer(&lease, frame, length, reply);
}

int dhcpbridge_open(struct dhcpbridge *b, struct fault *fault)
{
	b->fd = dhcpsocket_open_for_all(b->ifindex, fault);
	b->since = clock_ms();
	return b->fd < 0 ? -1 : 0;
}

void dhcpbridge_close(struct dhcpbridge *b)
{
	fd_close(&b->fd);
	dhcppool_free(&b->pool);
}

int dhcpbridge_serve(struct dhcpbridge *b, int *wait_ms, struct fault *fault)
{
	struct scene scene A_CLEANUP(scene_free) = {.bridge = NULL};

	if (dhcpsocket_serve_by(b->fd, answer, b, wait_ms, fault) < 0)
		return -1;
	if (!b->named && scene_read(b->ifindex, &scene))
		look_for_name(b, &scene);
	if (b->named)
		return 0;
	if (clock_ms() - b->since >= DHCPBRIDGE_PATIENCE_MS)
		return fault_set(fault, EX_UNAVAILABLE, "the bridge has another DHCP process");
	*wait_ms = DHCPSOCKET_LOOK_MS;
	return 0;
}
