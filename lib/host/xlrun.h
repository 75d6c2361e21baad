/*
 * A domain from its start to its end, by xl: created paused with its console open, so that no byte
 * of it is lost, and looked after until it has ended.
 *
 * SIGTERM, SIGINT and SIGHUP shut it down: gently first, then not. A second one destroys it at
 * once. So does an end of who reads what it prints. It goes on when we are killed, or when the
 * connection to its machine is lost; that is tried again then, until a signal says to give up.
 */
#ifndef MIRARI_HOST_XLRUN_H
#define MIRARI_HOST_XLRUN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/relay.h"
#include "host/xenhost.h"
#include "host/xlending.h"
#include "model/xllist.h"

#include <stdbool.h>
#include <stdint.h>

struct xlrun {
	struct xenhost *host;
	const char *name, *uuid; /* the domain's */
	const char *file;        /* for xl, a path there */
	const char *errors;      /* a file there, for what xl says; NULL when it is here */
	int in, out;             /* become -1 when they have ended */
	int64_t grace_ms;
	bool may_stay;  /* xl is told to keep it once it has ended: its console doesn't end then */
	bool only_look; /* signals end us, and not the domain */
	void (*say)(const char *format, ...) A_PRINTF(1, 2); /* what people should know */

	/* by xlrun */
	int reason;     /* enum shutdown_reason */
	bool preserved; /* it is still there, as it ended */
	int caught;     /* the signal that it was ended by; 0: none */

	/* its own */
	struct relay relay;
	struct xlending ending;
	unsigned heeded; /* signals so far */
	bool stayed;     /* it has ended, but its console hasn't */
	int64_t looked;  /* when its log was looked at last */
	bool left;       /* we end, and it goes on */
	bool unread;     /* nobody reads `out` any more, as `why` has it */
	struct fault why;
};

/* May it be made? EX_TEMPFAIL: it is there already; EX_CANTCREAT: another's is. */
int xlrun_check(const struct xlrun *r, struct fault *fault) A_MUST_CHECK;

/* 0 once it has ended; -1 when it could not be made, or nothing is known of it any more
 * (EX_UNAVAILABLE). */
int xlrun(struct xlrun *r, struct fault *fault) A_MUST_CHECK;

/* Only makes it; *into is what xl has of it then. */
int xlrun_create(struct xlrun *r, struct xl_listed *into, struct fault *fault) A_MUST_CHECK;

/* Looks at the console of one that runs, until it has ended; as xlrun. */
int xlrun_attach(struct xlrun *r, struct fault *fault) A_MUST_CHECK;

#endif
