#include "host/subnet.h"

#include "core/hash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdint.h>
#include <string.h>

enum { FIRST = 10 << 24 | 64 << 16, COUNT = 1 << 14, PREFIX_BITS = 8 };

static uint32_t ipv4_of(const struct sockaddr *address)
{
	struct sockaddr_in in;

	memcpy(&in, address, sizeof in);
	return ntohl(in.sin_addr.s_addr);
}

/* Does the /24 share an address with a network that an interface has? */
static bool is_taken(uint32_t network, const struct ifaddrs *all, const char *own)
{
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		uint32_t address, mask;

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || !a->ifa_netmask ||
		    !strcmp(a->ifa_name, own))
			continue;
		address = ipv4_of(a->ifa_addr);
		mask = ipv4_of(a->ifa_netmask) & (~UINT32_C(0) << PREFIX_BITS);
		if ((address & mask) == (network & mask))
			return true;
	}
	return false;
}

int subnet_choose(const char *unikernel, const char *device, const char *own,
    const struct strv *given, struct buf *into, struct fault *fault)
{
	struct buf names A_CLEANUP(buf_free) = {0};
	struct ifaddrs *all;
	uint64_t hash;

	buf_printf(&names, "%s/%s", unikernel, device);
	hash = hash_bytes(buf_str(&names), names.length);
	hash ^= hash >> 32;
	if (getifaddrs(&all) < 0)
		return fault_errno(fault, EX_OSERR, errno, "getifaddrs");
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t network = FIRST | (uint32_t)((hash + i) % COUNT) << PREFIX_BITS;
		struct in_addr host = {.s_addr = htonl(network | 1)};
		char text[INET_ADDRSTRLEN];
		struct buf candidate A_CLEANUP(buf_free) = {0};

		if (is_taken(network, all, own) || !inet_ntop(AF_INET, &host, text, sizeof text))
			continue;
		buf_printf(&candidate, "%s/%d", text, 32 - PREFIX_BITS);
		if (strv_has(given, buf_str(&candidate)))
			continue;
		buf_adds(into, buf_str(&candidate));
		freeifaddrs(all);
		return 0;
	}
	freeifaddrs(all);
	fault_set(fault, EX_UNAVAILABLE,
	    "%s, device %s: no network of 10.64.0.0/10 is free on this machine", unikernel, device);
	return fault_hint(fault, "give it one: --set net.%s.host=ADDRESS/PREFIX", device);
}
