/*
 * The nftables table of one tap: what its guest may reach through this host, and what of it can be
 * reached, as text for `nft -f -`. The language is that of nft(8); the hooks and their order are
 * those of netfilter's ip family.
 *
 * Each tap has a table of its own, `inet mirari-TAP`, so that no table of anybody else is touched
 * and removing it undoes everything. The text replaces the table in one transaction: packets see
 * the old rules or the new ones, and connections that are open stay so.
 *
 * IPv4 only: IPv6 forwarding would make the host ignore router advertisements (Linux,
 * Documentation/networking/ip-sysctl, accept_ra), that is, cut it off. IPv6 packets pass all of
 * these rules untouched.
 */
#ifndef MIRARI_RENDER_NFT_H
#define MIRARI_RENDER_NFT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table's name is this and the tap's. */
#define NFT_TABLE_PREFIX "mirari-"

struct nft_publish {
	bool udp;            /* else TCP */
	const char *address; /* of this host, IPv4; NULL for all that it has */
	uint16_t port;       /* on this host */
	uint16_t guest_port;
};

/* All strings are borrowed. */
struct nft_table {
	const char *tap;       /* whose it is: nft_is_owner */
	const char *interface; /* where the guest's packets come in: the tap, or its bridge */
	struct strv networks;  /* the host's addresses there, as 10.0.0.1/24; IPv4 */
	bool nat;              /* the guest may connect to what this host can reach */
	const struct nft_publish *publish;
	size_t publish_count;
	const char *guest; /* the guest's address, IPv4; only looked at when there is a publish */
	uint32_t group;    /* the link group of interfaces that may connect to the guest */
};

/* True for the name of a tap (or a bridge) that can have a table. */
bool nft_is_tap(const char *name);

/* The same for a guest of a bridge, which has a table for its published ports: the bridge's name, a
 * dot, and 12 digits of the guest's MAC address. No name of a tap has a dot. */
bool nft_is_guest(const char *name);
void nft_guest(const char *bridge, const unsigned char mac[6], struct buf *into);

/* Either of them. */
bool nft_is_owner(const char *name);

/* Appends the text. EX_DATAERR when something in the table isn't what it should be: nothing gets
 * into the text unchecked. Equal tables give equal bytes. */
int nft_render(const struct nft_table *table, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
