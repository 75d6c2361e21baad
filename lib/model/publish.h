/* A port of the host that leads to the guest: [ADDRESS:]HOST:GUEST[/tcp|/udp]. */
#ifndef MIRARI_MODEL_PUBLISH_H
#define MIRARI_MODEL_PUBLISH_H

#include "core/attr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct publish {
	struct in_addr address; /* the host's that it is for; 0.0.0.0 is all of them */
	uint16_t host, guest;   /* ports, in host order */
	bool udp;
};

/* The whole of `text`; false, with nothing set, when it is anything else. */
bool publish_parse(const char *text, struct publish *into) A_MUST_CHECK;

/* Are both for the same port of the same address of the host? */
bool publish_same_port(const struct publish *a, const struct publish *b);

#endif
