/* An IP address with its prefix length, as in 10.0.0.1/24 or fd00::1/64. */
#ifndef MIRARI_MODEL_ADDRESS_H
#define MIRARI_MODEL_ADDRESS_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>

struct address {
	int family;              /* AF_INET or AF_INET6 */
	unsigned char bytes[16]; /* in network order; the first four are IPv4's */
	unsigned prefix;         /* in bits */
};

/* The whole of `text` as ADDRESS/PREFIX. False, with nothing set, when it is anything else. */
bool address_parse(const char *text, struct address *into) A_MUST_CHECK;

/* Appends it as ADDRESS/PREFIX, or the address alone. */
void address_text(const struct address *address, struct buf *into);
void address_alone(const struct address *address, struct buf *into);

bool address_same(const struct address *a, const struct address *b);

/* Bytes of an address of this family: 4 or 16. */
size_t address_size(int family);

/* Can an interface, or a guest, have it? Not what is nobody's, everybody's, the machine's own or a
 * group's: 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0 and above; ::, ::1, ff00::/8. */
bool address_is_unicast(const struct address *address);

/* Is all of its network for private use? RFC 1918, RFC 6598 (100.64.0.0/10), RFC 3927 and RFC 4193
 * (fc00::/7), and IPv6's link-local ones. */
bool address_is_private(const struct address *address);

/* Have their networks an address in common? */
bool address_overlaps(const struct address *a, const struct address *b);

/* The neighbour that a guest gets when this is the host's address: the next address of the network,
 * or the one before where that would leave it or be IPv4's broadcast address. False when the
 * network has no other (a /32). */
bool address_neighbour(const struct address *host, struct address *guest) A_MUST_CHECK;

#endif
