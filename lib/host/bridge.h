/* The bridges that taps are put into: found, or made where the record says so. */
#ifndef MIRARI_HOST_BRIDGE_H
#define MIRARI_HOST_BRIDGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/link.h"
#include "host/linkchange.h"

#include <stdbool.h>

struct bridge {
	struct link link;
	bool ours;
	bool made;              /* now */
	struct addresses added; /* owned: to one that was there */
};

struct bridges {
	struct bridge *items; /* owned */
	size_t count;
};

void bridges_free(struct bridges *b);

/* The device's bridge, looked up or made as that of `owner`; *into is borrowed until the next call.
 * Another bridge than ours is never changed: it must have the device's addresses of the host
 * already. With `limited` it has to be the owner's own (EX_NOPERM). */
int bridges_provide(struct bridges *b, struct netlink *netlink, const struct netdev *device,
    uid_t owner, bool limited, const struct bridge **into, struct fault *fault) A_MUST_CHECK;

/* Removes those that were made now, and from others the addresses that they were given; false when
 * something could not be undone. */
bool bridges_undo(struct bridges *b, struct netlink *netlink);

/* Looks one up; else, with `create`, makes it, up, with this alias. `*made`: it is ours by now.
 * What is called so and is no bridge is a fault, and so is one that isn't there. */
int bridge_provide(struct netlink *netlink, const char *name, bool create, const char *alias,
    struct link *into, bool *made, struct fault *fault) A_MUST_CHECK;

bool bridge_has_port(const struct links *all, const struct link *bridge);

/* What is wrong with a bridge that isn't ours and lacks this address (EX_CANTCREAT), and with one
 * that isn't the user's own where it has to be (EX_NOPERM). They return -1. */
int bridge_lacks(const struct link *bridge, const struct address *address, struct fault *fault);
int bridge_not_own(const struct link *bridge, struct fault *fault);

#endif
