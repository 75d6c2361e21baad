#include "model/address.h"

#include "core/num.h"

#include <arpa/inet.h>
#include <string.h>

size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

bool address_parse(const char *text, struct address *into)
{
	struct address parsed = {.family = AF_INET};
	char alone[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	uint64_t prefix;

	if (!text[length] || length >= sizeof alone)
		return false;
	memcpy(alone, text, length);
	alone[length] = '\0';
	if (inet_pton(AF_INET, alone, parsed.bytes) != 1) {
		parsed.family = AF_INET6;
		if (inet_pton(AF_INET6, alone, parsed.bytes) != 1)
			return false;
	}
	if (num_parse(text + length + 1, 0, 8 * address_size(parsed.family), &prefix) != NUM_OK)
		return false;
	parsed.prefix = (unsigned)prefix;
	*into = parsed;
	return true;
}

void address_alone(const struct address *address, struct buf *into)
{
	char text[INET6_ADDRSTRLEN];

	buf_adds(into, inet_ntop(address->family, address->bytes, text, sizeof text));
}

void address_text(const struct address *address, struct buf *into)
{
	address_alone(address, into);
	buf_printf(into, "/%u", address->prefix);
}

bool address_same(const struct address *a, const struct address *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       !memcmp(a->bytes, b->bytes, address_size(a->family));
}

bool address_is_unicast(const struct address *address)
{
	static const unsigned char zeros[15];
	const unsigned char *bytes = address->bytes;

	if (address->family == AF_INET)
		return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
	return bytes[0] != 0xff && (memcmp(bytes, zeros, sizeof zeros) || bytes[15] > 1);
}

/* Adds 1 or -1 to the whole number that the bytes are. */
static void step(struct address *address, int by)
{
	for (size_t i = address_size(address->family); i-- > 0;) {
		address->bytes[i] = (unsigned char)(address->bytes[i] + by);
		if (address->bytes[i] != (by > 0 ? 0 : 255))
			return;
	}
}

/* Is b in the network of a? */
static bool same_network(const struct address *a, const struct address *b)
{
	unsigned whole = a->prefix / 8, rest = a->prefix % 8;

	return !memcmp(a->bytes, b->bytes, whole) &&
	       (!rest || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

bool address_is_private(const struct address *address)
{
	static const struct address ranges[] = {
	    {AF_INET, {10}, 8},
	    {AF_INET, {172, 16}, 12},
	    {AF_INET, {192, 168}, 16},
	    {AF_INET, {100, 64}, 10},
	    {AF_INET, {169, 254}, 16},
	    {AF_INET6, {0xfc}, 7},
	    {AF_INET6, {0xfe, 0x80}, 10},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (address->family == ranges[i].family && address->prefix >= ranges[i].prefix &&
		    same_network(&ranges[i], address))
			return true;
	return false;
}

bool address_overlaps(const struct address *a, const struct address *b)
{
	return a->family == b->family &&
	       same_network(a->prefix < b->prefix ? a : b, a->prefix < b->prefix ? b : a);
}

/* Whether all bits behind the prefix are `bit`. */
static bool host_part_is(const struct address *address, int bit)
{
	for (unsigned i = address->prefix; i < 8 * address_size(address->family); i++)
		if ((address->bytes[i / 8] >> (7 - i % 8) & 1) != bit)
			return false;
	return true;
}

/* Without a network's own and its broadcast address; the two of a /31 are both of use (RFC 3021).
 * IPv6 has no broadcast, and the first is the routers' anycast address (RFC 4291, 2.6.1). */
static bool usable(const struct address *host, const struct address *guest)
{
	unsigned bits = (unsigned)(8 * address_size(host->family)) - host->prefix;

	if (!same_network(host, guest))
		return false;
	if (bits == 1)
		return true;
	return !host_part_is(guest, 0) && (host->family == AF_INET6 || !host_part_is(guest, 1));
}

bool address_neighbour(const struct address *host, struct address *guest)
{
	for (int by = 1; by >= -1; by -= 2) {
		struct address next = *host;

		step(&next, by);
		if (!usable(host, &next))
			continue;
		*guest = next;
		return true;
	}
	return false;
}
