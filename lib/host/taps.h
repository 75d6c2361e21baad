/*
 * The taps of a record's devices: all of them made and set up, or none.
 *
 * Each is made with its descriptor open and not yet persistent, so that it vanishes if we are
 * killed before all is done; what is to stay is made persistent last. One that is there already and
 * is ours is changed to what the record says, if it is to stay; for a program it is used as it is
 * (host/tapgiven.h). One that isn't ours is never touched. In a bridge, the host's addresses are
 * the bridge's.
 */
#ifndef MIRARI_HOST_TAPS_H
#define MIRARI_HOST_TAPS_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/procid.h"
#include "host/bridge.h"
#include "host/link.h"
#include "host/netlink.h"
#include "host/tapmark.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <sys/types.h>

struct tap {
	struct netdev *device; /* borrowed */
	int fd;                /* owned; -1: nobody holds it here */
	uid_t owner;
	gid_t group;  /* NO_ID: none */
	bool made;    /* now; else it was there, as `before` has it */
	bool changed; /* it was there, and something of it may be another by now */
	bool given;   /* it was there, and has another owner by now */
	struct link link;
	struct link before;
	struct addresses before_addresses; /* owned */
	struct tapmark mark;
};

struct taps {
	/* set by the caller */
	struct netdevs *devices; /* borrowed; their ifindex is set */
	bool stay;               /* the taps are there when nobody has them open */
	uid_t owner;             /* who may attach, where a device has no owner of its own */
	gid_t group;             /* NO_ID: no group */
	bool limited;            /* not root, but let by a file capability: see mirari-tap(1) */
	struct procid made_for;  /* by exec; pid 0 otherwise */

	/* by taps_make */
	struct tap *items; /* owned; one for each device, in their order */
	size_t count;
	struct netlink netlink;
	struct bridges bridges;
};

void taps_free(struct taps *t); /* closes the descriptors */

/* Makes and sets them up; all are held open if they are new, or if they are not to stay. What fails
 * is undone. */
int taps_make(struct taps *t, struct fault *fault) A_MUST_CHECK;

/* Writes the marks again, after they have been changed. */
int taps_write_marks(struct taps *t, struct fault *fault) A_MUST_CHECK;

/* Makes one that was made persistent, and closes its descriptor. */
int tap_let_go(struct tap *tap, struct fault *fault) A_MUST_CHECK;

/* The same for all of them. Those that were there belong to their new owners then, which can't be
 * undone for a tap without a group; so this comes last. */
int taps_keep(struct taps *t, struct fault *fault) A_MUST_CHECK;

/* As it was before taps_make; false when something could not be undone. */
bool taps_undo(struct taps *t);

#endif
