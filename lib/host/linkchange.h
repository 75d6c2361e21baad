/*
 * Changes to interfaces, as rtnetlink requests that know what they are about, so that the first one
 * that the kernel refuses becomes a fault with a sentence. Requests are sent when there is no room
 * for more, and by link_changes_send.
 */
#ifndef MIRARI_HOST_LINKCHANGE_H
#define MIRARI_HOST_LINKCHANGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/link.h"
#include "host/netlink.h"
#include "host/taperror.h"

#include <stdbool.h>

struct link_changes {
	struct netlink *netlink; /* borrowed */
	bool gone_is_fine; /* set by the caller: an interface that isn't there is no failure */
	struct {
		struct tap_about about;
		char name[IFNAMSIZ];
		char detail[64];
		bool removes; /* an address: one that isn't there is fine */
	} pending[NETLINK_BATCH];
	unsigned first; /* number of the request in pending[0] */
	bool failed;
	struct netlink_refusal refusal; /* the first one */
	size_t failed_at;
};

/* What is to be another at an interface. */
struct link_change {
	const struct link *link; /* which */
	const char *alias;       /* NULL: as it is */
	unsigned group;          /* 0: as it is */
	unsigned mtu;            /* 0: as it is */
	bool up, down;           /* neither: as it is */
	bool no_automatic;       /* no IPv6 link-local address when it comes up */
};

void link_changes_start(struct link_changes *c, struct netlink *netlink);

int link_change(
    struct link_changes *c, const struct link_change *change, struct fault *fault) A_MUST_CHECK;

/* Into a bridge, or with master 0 out of the one that it is in. */
int link_put_into(struct link_changes *c, const struct link *link, unsigned master,
    const char *bridge, struct fault *fault) A_MUST_CHECK;

int link_add_address(struct link_changes *c, const struct link *link, const struct address *address,
    struct fault *fault) A_MUST_CHECK;
int link_remove_address(struct link_changes *c, const struct link *link,
    const struct address *address, struct fault *fault) A_MUST_CHECK;

/* From the addresses `from` to those `to`. */
int link_change_addresses(struct link_changes *changes, const struct link *link,
    const struct addresses *from, const struct addresses *to, struct fault *fault) A_MUST_CHECK;

/* A bridge in our group, up, with a MAC address of its own and without spanning tree: the kernel's
 * default is the lowest of its ports', which changes with them. The kernel takes no alias from this
 * request: that is for link_change, once the bridge is there. */
int link_make_bridge(struct link_changes *c, const char *name, struct fault *fault) A_MUST_CHECK;

/* Deletes those of `all` for which `goes` is set, at once: the kernel waits some 20 ms for each
 * deletion, and once for a link group of any size. So they are moved to MARK_GROUP_DOOMED first.
 * With `whole_group` nothing is moved when they are all that is in MARK_GROUP; what somebody adds
 * to it at this moment is deleted then, too. What is gone already is fine. */
int links_delete(struct netlink *netlink, const struct links *all, const bool *goes,
    bool whole_group, struct fault *fault) A_MUST_CHECK;

/* Sends what is left. 0; or -1 with the fault of the first that was refused since the start. */
int link_changes_send(struct link_changes *c, struct fault *fault) A_MUST_CHECK;

/* After a failure: was it because the interface or the bridge was removed meanwhile? */
bool link_changes_vanished(const struct link_changes *c);

#endif
