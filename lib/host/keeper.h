/*
 * The process that stays behind: it answers DHCP as long as the interfaces or the program are
 * there, and removes what doesn't vanish by itself when the program ends, however it ends, and
 * nobody whom it has started has the taps open any more. It is
 * nobody's child, in a session of its own, with no descriptor of ours; what it does is done with
 * the rights that we have now. For a program it takes no SIGTERM, which its whole control group
 * gets when a service is stopped.
 */
#ifndef MIRARI_HOST_KEEPER_H
#define MIRARI_HOST_KEEPER_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/procid.h"
#include "host/netservice.h"
#include "model/netdev.h"

#include <stdbool.h>

struct keeper {
	struct netservice service;
	struct netdev *const *answered; /* devices that get DHCP answers */
	size_t answered_count;
	const struct netdev *first; /* the unikernel's first device */

	unsigned bridge; /* in place of all these: the number of a bridge whose guests get answers
			    (host/dhcpbridge.h) */

	/* for a program of mirari-tap exec, which is this process later */
	bool for_program;
	struct netdev *const *translated; /* devices whose NAT and published ports it sets up, and
					     removes */
	size_t translated_count;
};

/* Returns when it is ready; *id is its process. A fault of its own is ours then, and nothing of it
 * is left. */
int keeper_start(const struct keeper *k, struct procid *id, struct fault *fault) A_MUST_CHECK;

/* Ends the keeper of an interface; one that has ended is fine. */
void keeper_stop(struct procid id);

#endif
