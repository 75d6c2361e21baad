#include "host/dhcppool.h"

#include "core/hash.h"
#include "core/mem.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t nobody[6];

void dhcppool_free(struct dhcppool *p)
{
	free(p->items);
	*p = (struct dhcppool){0};
}

static struct dhcppool_lease *of_mac(const struct dhcppool *p, const uint8_t mac[6])
{
	for (size_t i = 0; i < p->count; i++)
		if (!memcmp(p->items[i].mac, mac, sizeof nobody))
			return &p->items[i];
	return NULL;
}

static struct dhcppool_lease *of_address(const struct dhcppool *p, struct in_addr address)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].address.s_addr == address.s_addr)
			return &p->items[i];
	return NULL;
}

/* How many there are to give away, and the first of them. Those of a /31 are both of use (RFC
 * 3021). */
static uint64_t range_of(const struct dhcppool_network *n, uint32_t *first)
{
	uint64_t size = UINT64_C(1) << (32 - n->prefix);
	uint32_t network = (uint32_t)(ntohl(n->host.s_addr) & ~(size - 1));

	*first = size > 2 ? network + 1 : network;
	return size > 2 ? size - 2 : size == 2 ? 2 : 0;
}

/* May it be given away, as far as the network goes? */
static bool fits(const struct dhcppool_network *n, struct in_addr address)
{
	uint32_t first;
	uint64_t size = range_of(n, &first);

	if (address.s_addr == n->host.s_addr || ntohl(address.s_addr) < first ||
	    ntohl(address.s_addr) - first >= size)
		return false;
	for (size_t i = 0; i < n->taken_count; i++)
		if (n->taken[i].s_addr == address.s_addr)
			return false;
	return true;
}

static uint64_t slot_of(const uint8_t mac[6])
{
	uint64_t hash = hash_bytes(mac, sizeof nobody);

	/* the low bits of FNV-1a vary most; this brings all of them in */
	hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
	return hash ^ hash >> 32;
}

/* The first that nobody has, from where the hash says on. */
static bool find_free(const struct dhcppool *p, const struct dhcppool_network *n,
    const uint8_t mac[6], struct in_addr *into)
{
	uint32_t first;
	uint64_t size = range_of(n, &first), slot = slot_of(mac);
	/* each that doesn't do is taken, known or the host's: so many can be in the way */
	uint64_t tries = n->taken_count + p->count + 2;

	for (uint64_t i = 0; i < size && i < tries; i++) {
		struct in_addr address = {htonl((uint32_t)(first + (slot + i) % size))};

		if (!fits(n, address) || of_address(p, address))
			continue;
		*into = address;
		return true;
	}
	return false;
}

static const struct dhcppool_lease *find_ended(
    const struct dhcppool *p, const struct dhcppool_network *n, int64_t now)
{
	const struct dhcppool_lease *oldest = NULL;

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].until <= now && fits(n, p->items[i].address) &&
		    (!oldest || p->items[i].until < oldest->until))
			oldest = &p->items[i];
	return oldest;
}

bool dhcppool_choose(const struct dhcppool *p, const struct dhcppool_network *network,
    const uint8_t mac[6], struct in_addr asked, int64_t now, struct in_addr *into)
{
	const struct dhcppool_lease *known = of_mac(p, mac);

	if (known && fits(network, known->address))
		*into = known->address;
	else if (fits(network, asked) && !of_address(p, asked))
		*into = asked;
	else if (find_free(p, network, mac, into))
		return true;
	else if ((known = find_ended(p, network, now)))
		*into = known->address;
	else
		return false;
	return true;
}

static void drop(struct dhcppool *p, struct dhcppool_lease *lease)
{
	*lease = p->items[--p->count];
}

static void drop_oldest(struct dhcppool *p)
{
	struct dhcppool_lease *oldest = p->items;

	for (size_t i = 1; i < p->count; i++)
		if (p->items[i].until < oldest->until)
			oldest = &p->items[i];
	drop(p, oldest);
}

void dhcppool_hold(struct dhcppool *p, const uint8_t mac[6], struct in_addr address, int64_t until)
{
	struct dhcppool_lease *lease = of_mac(p, mac), *other = of_address(p, address);

	if (lease && lease == other) {
		/* an offer doesn't make a lease shorter */
		lease->until = until > lease->until ? until : lease->until;
		return;
	}
	if (lease)
		drop(p, lease);
	/* the last may have moved */
	other = of_address(p, address);
	if (other)
		drop(p, other);
	if (p->count == DHCPPOOL_MAX)
		drop_oldest(p);
	if ((p->count & (p->count - 1)) == 0)
		p->items = mem_resize(p->items, p->count ? 2 * p->count : 1, sizeof *p->items);
	p->items[p->count] = (struct dhcppool_lease){.address = address, .until = until};
	memcpy(p->items[p->count++].mac, mac, sizeof nobody);
}

void dhcppool_end(struct dhcppool *p, const uint8_t mac[6], int64_t now)
{
	struct dhcppool_lease *lease = of_mac(p, mac);

	if (lease && lease->until > now)
		lease->until = now;
}

void dhcppool_refuse(struct dhcppool *p, const uint8_t mac[6], int64_t until)
{
	struct dhcppool_lease *lease = of_mac(p, mac);

	if (!lease)
		return;
	memcpy(lease->mac, nobody, sizeof nobody);
	lease->until = until;
}
