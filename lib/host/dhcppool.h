/*
 * Addresses for guests that nobody has named: which one a MAC address gets, of a network that the
 * host has an address in. Pure: no I/O, no clock.
 *
 * The same MAC gets the same address as far as that is possible: a hash of it says where to begin,
 * and one that is taken leads to the next. What was given is remembered here, so that it stays when
 * others go; where the memory was lost, what the guest asks for is as good if nobody else has it.
 * When all are taken, the one whose lease has been over for longest is given away.
 */
#ifndef MIRARI_HOST_DHCPPOOL_H
#define MIRARI_HOST_DHCPPOOL_H

#include "core/attr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DHCPPOOL_MAX = 4096 }; /* as many are remembered */

struct dhcppool_lease {
	uint8_t mac[6];         /* all zero: nobody's, who had it says that it is in use */
	struct in_addr address; /* no two have the same */
	int64_t until;          /* when the lease is over: a time as the caller has it */
};

struct dhcppool {
	struct dhcppool_lease *items; /* owned */
	size_t count;
};

/* What of it may be given away: not the network's own address nor its broadcast address, nor what
 * is taken. */
struct dhcppool_network {
	struct in_addr host; /* an address in it, which is taken */
	unsigned prefix;
	const struct in_addr *taken; /* others'; borrowed */
	size_t taken_count;
};

void dhcppool_free(struct dhcppool *p);

/* The address for this MAC; `asked` is what it would like (0: nothing). False when there is none.
 * Nothing is remembered before dhcppool_hold. */
bool dhcppool_choose(const struct dhcppool *p, const struct dhcppool_network *network,
    const uint8_t mac[6], struct in_addr asked, int64_t now, struct in_addr *into) A_MUST_CHECK;

/* It has this one from now on, and nobody else has. */
void dhcppool_hold(struct dhcppool *p, const uint8_t mac[6], struct in_addr address, int64_t until);

/* Its lease is over; it gets the same again while nobody else needs it. */
void dhcppool_end(struct dhcppool *p, const uint8_t mac[6], int64_t now);

/* It says that somebody else uses what it got: nobody gets that until then. */
void dhcppool_refuse(struct dhcppool *p, const uint8_t mac[6], int64_t until);

#endif
