/*
 * DHCP for all guests of a bridge of ours: whoever asks gets an address of the host's network there
 * (host/dhcppool.h), or the one that is reserved for it (host/neighbour.h).
 *
 * All that it goes by is looked up for each request: the bridge's addresses, MTU and reservations,
 * its ports, and the machine's name servers. So it never has to be told of a change. It answers
 * only while the bridge's mark names its process (host/tapmark.h); a second one, whose maker was
 * killed before that was written, is silent and ends. To a guest behind a tap of ours that has
 * DHCP of its own it says nothing.
 */
#ifndef MIRARI_HOST_DHCPBRIDGE_H
#define MIRARI_HOST_DHCPBRIDGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/procid.h"
#include "host/dhcppool.h"

#include <stdbool.h>

enum { DHCPBRIDGE_PATIENCE_MS = 30000 }; /* until the mark names us */

struct dhcpbridge {
	/* set by the caller */
	unsigned ifindex;
	struct procid self;

	int fd; /* owned */
	bool named;
	int64_t since; /* when it wasn't yet, or not any more: clock_ms */
	struct dhcppool pool;
};

/* Needs CAP_NET_RAW, as host/dhcpsocket.h. */
int dhcpbridge_open(struct dhcpbridge *b, struct fault *fault) A_MUST_CHECK;
void dhcpbridge_close(struct dhcpbridge *b);

/* As dhcpsocket_serve. */
int dhcpbridge_serve(struct dhcpbridge *b, int *wait_ms, struct fault *fault) A_MUST_CHECK;

#endif
