/* A table of nftables in which everything is fine but what a test changes. */
#ifndef MIRARI_T_NATTABLE_H
#define MIRARI_T_NATTABLE_H

#include "render/nft.h"

#include <stddef.h>

/* tap0, with NAT and these ports; it may have been begun before, and is zeroed at first. */
static inline void nattable_begin(
    struct nft_table *table, const struct nft_publish *publish, size_t count)
{
	strv_free(&table->networks);
	*table = (struct nft_table){.tap = "tap0",
	    .interface = "tap0",
	    .nat = true,
	    .publish = publish,
	    .publish_count = count,
	    .guest = "10.0.0.2",
	    .group = 2013};
	strv_add(&table->networks, "10.0.0.1/24");
}

#endif
