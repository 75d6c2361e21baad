/*
 * DHCP (host/dhcp.h) on an interface: a packet(7) socket that takes the guest's requests out of
 * what comes in, and puts the answers on the same wire.
 *
 * It works below the IP stack: the interface needs no address and may be a port of a bridge, port
 * 67 stays free, and what the firewall drops is seen all the same. Being bound to one interface, it
 * answers nobody but the guest there. A kernel filter passes only DHCP requests that are sent by
 * the guest, so that its other traffic wakes nobody.
 *
 * The kernel's own stack sees the requests too. Where the guest renews by a datagram to our address
 * and no program has port 67, it says "port unreachable" beside our answer; clients don't mind.
 */
#ifndef MIRARI_HOST_DHCPSOCKET_H
#define MIRARI_HOST_DHCPSOCKET_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/dhcp.h"

enum { DHCPSOCKET_LOOK_MS = 500 };

/* A socket on the interface, for dhcpsocket_serve and the caller to close. It is non-blocking and
 * close-on-exec. Needs CAP_NET_RAW in the user namespace of the network namespace that we are in;
 * serving doesn't. */
int dhcpsocket_open(
    unsigned ifindex, const struct dhcp_lease *lease, struct fault *fault) A_MUST_CHECK;

/* Answers what waits (some of it, if that is much); for when the socket is readable, or has an
 * error, or *wait_ms is over. 0, with *wait_ms as poll wants it: -1 while the interface is up,
 * DHCPSOCKET_LOOK_MS while it is down, since nothing tells when one that is down goes away. -1 when
 * it can't go on: EX_UNAVAILABLE when the interface is gone. */
int dhcpsocket_serve(
    int fd, const struct dhcp_lease *lease, int *wait_ms, struct fault *fault) A_MUST_CHECK;

/* The same for requests of anybody on the interface, with an answer by the caller: as dhcp_answer,
 * with what it knows in place of a lease. */
typedef size_t (*dhcpsocket_answer)(
    void *context, const uint8_t *frame, size_t length, uint8_t reply[DHCP_FRAME_MAX]);

int dhcpsocket_open_for_all(unsigned ifindex, struct fault *fault) A_MUST_CHECK;
int dhcpsocket_serve_by(int fd, dhcpsocket_answer answer, void *context, int *wait_ms,
    struct fault *fault) A_MUST_CHECK;

#endif
