/*
 * rtnetlink: requests to the kernel about interfaces and addresses (rtnetlink(7),
 * linux/rtnetlink.h), by libmnl. Requests are collected and sent together; the kernel acts on them
 * in their order, on each even when one before it failed.
 */
#ifndef MIRARI_HOST_NETLINK_H
#define MIRARI_HOST_NETLINK_H

#include "core/attr.h"
#include "core/fault.h"

#include <libmnl/libmnl.h>
#include <stddef.h>

/* As many requests go out in one message: their answers fit into the socket's default buffer. */
enum { NETLINK_BATCH = 100, NETLINK_BYTES = 1 << 16, NETLINK_REQUEST_MAX = 1024 };

struct netlink {
	struct mnl_socket *socket; /* owned */
	char *bytes;               /* owned: the requests that wait, NETLINK_BYTES of room */
	size_t length;
	unsigned first,
	    next; /* sequence numbers: of the first that waits, and the next to be given */
};

/* What the kernel said of one request. */
struct netlink_refusal {
	unsigned number; /* of the request, as netlink_request gave it */
	int error;       /* an errno */
	char text[160];  /* the kernel's own words (NLMSGERR_ATTR_MSG); may be empty */
};

int netlink_open(struct netlink *n, struct fault *fault) A_MUST_CHECK;
void netlink_close(struct netlink *n);

/* Begins a request of at most NETLINK_REQUEST_MAX bytes, to be filled by mnl_nlmsg_put_extra_header
 * and mnl_attr_put…; *number is its own. Its end is netlink_end. */
struct nlmsghdr *netlink_request(
    struct netlink *n, unsigned short type, unsigned short flags, unsigned *number);
void netlink_end(struct netlink *n, struct nlmsghdr *request);

/* Is there room for so many more before netlink_send has to be called? */
bool netlink_has_room(const struct netlink *n, unsigned requests);

/* Sends what waits and reads all the answers; `refused` is called for each request that failed. -1
 * only when the socket itself fails. */
int netlink_send(struct netlink *n, void (*refused)(void *context, const struct netlink_refusal *),
    void *context, struct fault *fault) A_MUST_CHECK;

/* Sends one request that is a dump or asks for one object; `each` gets every answer. Returns 0; or
 * the errno with which the kernel refused, as a positive number; or -1 with a fault. EINTR is a
 * dump under which the list has changed: it is to be asked for again. */
int netlink_ask(struct netlink *n, struct nlmsghdr *request, mnl_cb_t each, void *context,
    struct fault *fault) A_MUST_CHECK;

#endif
