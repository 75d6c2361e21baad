/* Removing taps and bridges of ours, and the bridges of ours that are left without a port. */
#ifndef MIRARI_HOST_TAPGONE_H
#define MIRARI_HOST_TAPGONE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <sys/types.h>

struct tapgone {
	/* set by the caller */
	struct strv names;             /* taps, or bridges */
	bool all;                      /* instead of names: every one of ours */
	const struct netdevs *devices; /* with names: whose taps these are, in their order; where a
					  device's guest is behind a bridge of the host instead
					  (host/hostbridge.h), its reservation goes */
	bool litter;   /* instead of names: what programs that have ended left behind */
	bool thorough; /* with litter: also bridges that were made for guests who have gone */
	bool force;    /* also what is in use */
	bool limited;  /* only those of `owner` */
	uid_t owner;
	bool dry_run;

	/* results */
	struct strv removed;    /* taps, then bridges */
	struct strv translated; /* those of them, and guests, that may have an nftables table */
	struct strv absent;     /* names that nothing has */
	bool held;              /* litter that somebody has open still stays */
};

void tapgone_free(struct tapgone *g);

/* Looks at all before it removes any: what isn't ours, or is in use, is a fault, and nothing is
 * gone then. */
int tapgone_remove(struct tapgone *g, struct fault *fault) A_MUST_CHECK;

/* Appends those of the names (nft_is_owner) that are of no tap or bridge with NAT, nor of a guest
 * that a bridge has a reservation for: there is none, or another one by now, or it is litter that
 * nobody has open. */
int tapgone_find(const struct strv *names, struct strv *into, struct fault *fault) A_MUST_CHECK;

#endif
