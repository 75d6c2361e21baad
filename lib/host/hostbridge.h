/*
 * Bridges of the host for guests that aren't behind a tap of ours: Xen's vifs, and those of
 * libvirt, LXC or another hypervisor. They stay when their ports go.
 *
 * One of ours that is there is changed: asked for by its name, to exactly what is asked; for the
 * devices of a record, what they need is added, since others may need what it has. One that isn't
 * ours is never changed, only looked at. The guests of a record get their addresses reserved
 * (host/neighbour.h). All of it is done, or nothing.
 */
#ifndef MIRARI_HOST_HOSTBRIDGE_H
#define MIRARI_HOST_HOSTBRIDGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/link.h"
#include "host/neighbour.h"
#include "host/netlink.h"
#include "host/tapmark.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <sys/types.h>

struct hostbridge {
	/* what is asked for, by all the devices that are to be behind it */
	const char *name;       /* borrowed */
	struct addresses hosts; /* owned */
	unsigned mtu;           /* 0: as it is */
	bool create, dhcp, nat, publish;

	/* what there is */
	struct link link;
	bool ours, made;
	struct addresses before; /* owned: the host's addresses there */
	struct addresses now;    /* owned: and then */
	struct bridgemark mark_before, mark;
};

/* The guest of a device. */
struct hostguest {
	struct netdev *device;
	size_t bridge; /* which */
	bool gateway;  /* the host is its way to everywhere else */

	bool reserved, released;
	struct neighbour now, before;
};

struct hostbridges {
	/* set by the caller */
	struct netdevs *devices; /* borrowed; their bridge is set */
	bool kept;               /* by name: no guests */
	uid_t owner;
	bool limited; /* not root, but let by a file capability: see mirari-tap(1) */

	struct hostbridge *items; /* owned, as what follows */
	size_t count;
	struct hostguest *guests;
	size_t guest_count;
	struct netlink netlink;
};

void hostbridges_free(struct hostbridges *h);

/* Which bridges and guests there are to be; nothing is looked at yet. EX_DATAERR when devices
 * contradict each other, EX_NOPERM beyond the limits. */
int hostbridges_plan(struct hostbridges *h, struct fault *fault) A_MUST_CHECK;

/* Makes them, with addresses and reservations; those that are made now are marked as being made by
 * us. The caller has the lock of host/netlock.h. */
int hostbridges_make(struct hostbridges *h, struct fault *fault) A_MUST_CHECK;

/* Writes their marks: they are whole then. */
int hostbridges_mark(struct hostbridges *h, struct fault *fault) A_MUST_CHECK;

/* As before; false when something could not be undone. */
bool hostbridges_undo(struct hostbridges *h);

/* Has somebody removed one of them meanwhile? */
bool hostbridges_vanished(const struct hostbridges *h);

/* A part of it: the guests' reservations. */
int hostguests_reserve(struct hostbridges *h, struct fault *fault) A_MUST_CHECK;
bool hostguests_undo(struct hostbridges *h);

#endif
