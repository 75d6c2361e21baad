/*
 * Ending a domain while something else goes on, as its console does: it is asked to shut down by an
 * `xl shutdown` that runs beside, since that waits for a minute whether the guest hears it, and
 * when it doesn't, or takes too long, or is told once more, it is destroyed.
 */
#ifndef MIRARI_HOST_XLENDING_H
#define MIRARI_HOST_XLENDING_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/proc.h"
#include "host/xenhost.h"

#include <stdbool.h>
#include <stdint.h>

struct xlending {
	const struct xenhost *host; /* borrowed, as what follows */
	const char *name, *uuid;    /* the domain's */
	int64_t grace_ms;

	/* its own */
	int told;         /* how often */
	int64_t deadline; /* when it is destroyed; 0: it isn't told */
	bool asks;        /* xl shutdown runs */
	struct child asking;
};

/* It is to end; the second time, at once. A domain that isn't there needs nothing. -1: the
 * connection is gone, or xl refuses. */
int xlending_tell(struct xlending *e, struct fault *fault) A_MUST_CHECK;

/* How long one may wait before xlending_turn has something to do; -1: for ever. */
int xlending_wait_ms(const struct xlending *e);

/* Does what is due by now. As xlending_tell. */
int xlending_turn(struct xlending *e, struct fault *fault) A_MUST_CHECK;

/* Tells it, and waits until it is over or gone. */
int xlending_end(struct xlending *e, struct fault *fault) A_MUST_CHECK;

/* Nothing of it is left running. */
void xlending_close(struct xlending *e);

#endif
