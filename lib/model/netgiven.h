/* A network device as command-line options describe it, for tools that work without a record. */
#ifndef MIRARI_MODEL_NETGIVEN_H
#define MIRARI_MODEL_NETGIVEN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>

struct netgiven {
	struct strv hosts, guests, published;
	const char *owner, *group, *mtu, *mac, *bridge; /* NULL: not given; borrowed */
	bool bridge_create, dhcp, nat;
};

void netgiven_free(struct netgiven *g);

/* Is there anything? */
bool netgiven_any(const struct netgiven *g);

/* Appends it as net.DEVICE.…, with `tap` as its tap's name unless that is NULL. */
int netgiven_add(const struct netgiven *g, const char *device, const char *tap, struct rec *into,
    struct fault *fault) A_MUST_CHECK;

#endif
