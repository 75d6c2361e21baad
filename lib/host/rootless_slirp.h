/*
 * slirp4netns(1) as the uplink of another process's network namespace: started, asked for ports,
 * ended. For host/rootless.h's monitor, which explains the whole.
 */
#ifndef MIRARI_HOST_ROOTLESS_SLIRP_H
#define MIRARI_HOST_ROOTLESS_SLIRP_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/rootless.h"

#include <stdint.h>
#include <sys/types.h>

struct slirp {
	pid_t pid; /* our child; 0: none */
	int ended; /* a pidfd of it */
	int go;    /* a byte into it lets it become slirp4netns */
	int ready; /* readable when it is, or has failed */
	int exit;  /* the only write end of the pipe whose end is its end */
	int said;  /* its standard error: a file of one size, further bytes are lost */
	int api;   /* the root of the tmpfs with the API socket; -1 without ports */
};

#define SLIRP_NONE \
	(struct slirp) \
	{ \
		.ended = -1, .go = -1, .ready = -1, .exit = -1, .said = -1, .api = -1 \
	}

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t slirp_clock(void);

/* Can the host's ports be had? They are tried as libslirp will take them. */
int slirp_try_ports(const struct rootless *want, struct fault *fault) A_MUST_CHECK;

/* Forks what waits to become slirp4netns, `program` by its path. We must be root of a user and
 * mount namespace, which it will have, too; `s` is SLIRP_NONE. */
int slirp_prepare(
    struct slirp *s, const char *program, bool ports, struct fault *fault) A_MUST_CHECK;

/* Makes it the uplink of our own network namespace, by now another one, and waits until it is
 * ready; not longer than until slirp_clock() is `deadline` or `caller` (a pidfd) has ended. */
int slirp_start(struct slirp *s, int caller, int64_t deadline, struct fault *fault) A_MUST_CHECK;

/* Has it forward the ports; takes the API socket away. */
int slirp_forward(struct slirp *s, const struct rootless *want, int64_t deadline,
    struct fault *fault) A_MUST_CHECK;

/* Ends it, by force if it isn't gone in a second, and waits for it; may be called at any time. */
void slirp_end(struct slirp *s);

#endif
