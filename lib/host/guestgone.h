/* The guests of a record that are behind bridges of the host: their reservations go with the
 * record; a part of host/tapgone.h. */
#ifndef MIRARI_HOST_GUESTGONE_H
#define MIRARI_HOST_GUESTGONE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/link.h"
#include "host/neighbour.h"
#include "host/netlink.h"
#include "host/tapgone.h"
#include "model/netdev.h"

#include <stdbool.h>

struct guestgone {
	struct netdev const **devices; /* owned; those that have no tap, but such a bridge */
	const struct link **bridges;   /* owned; NULL: another's, which stays as it is */
	size_t count;
	struct neighbours there; /* all that there are */
};

void guestgone_free(struct guestgone *g);

/* Looks at the devices of `what`. EX_NOPERM for a bridge of another user with limits. */
int guestgone_find(struct guestgone *g, const struct tapgone *what, struct netlink *netlink,
    const struct links *links, struct fault *fault) A_MUST_CHECK;

bool guestgone_has(const struct guestgone *g, const struct netdev *device);

/* Is one of them the last guest of this bridge, which isn't to be kept? */
bool guestgone_is_last(const struct guestgone *g, unsigned ifindex);

int guestgone_release(
    const struct guestgone *g, struct netlink *netlink, struct fault *fault) A_MUST_CHECK;

/* Appends what their nftables tables would be called by. */
void guestgone_names(const struct guestgone *g, struct strv *into);

#endif
