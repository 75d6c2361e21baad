/*
 * Domains of xl's, by their names: what there is, how one has ended, and ending one. A domain that
 * isn't ours (model/domain.h: its UUID) is never touched.
 */
#ifndef MIRARI_HOST_XLDOMAIN_H
#define MIRARI_HOST_XLDOMAIN_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/xenhost.h"
#include "model/xllist.h"
#include "model/xllog.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	XL_GRACE_MS = 5000, /* what a guest is given to shut down by itself */
	XL_LOOK_MS = 200,   /* how often one looks */
	XL_SETTLE_MS =
	    3000 /* what the xl that watches over a domain is given to say how it ended */
};

/* All of them, dom0 included. */
int xldomain_list(const struct xenhost *h, struct xl_list *into, struct fault *fault) A_MUST_CHECK;

/* Is there one of that name? 1 with *into (its name is `name`); 0; -1: also when it isn't ours
 * (EX_CANTCREAT), or has another UUID than `uuid` (NULL: any of ours). */
int xldomain_find(const struct xenhost *h, const char *name, const char *uuid,
    struct xl_listed *into, struct fault *fault) A_MUST_CHECK;

/* The same, but one that isn't there is a fault, EXIT_NO. */
int xldomain_must_find(const struct xenhost *h, const char *name, const char *uuid,
    struct xl_listed *into, struct fault *fault) A_MUST_CHECK;

/* What the xl that watches, or has watched, over the domain of that name says. */
int xldomain_log(const struct xenhost *h, const char *name, struct xl_log *into,
    struct fault *fault) A_MUST_CHECK;

/* Destroys it; one that isn't there is fine. */
int xldomain_destroy(const struct xenhost *h, unsigned domid, struct fault *fault) A_MUST_CHECK;

/* What is known of one whose end is waited for. Zeroed at first. */
struct xl_look {
	bool there;
	struct xl_listed domain; /* if it is there */
	struct xl_log log;       /* of that domain, or of the last one of that name */
	int reason;              /* enum shutdown_reason, once it is over */
	int64_t missing_since;   /* its own */
};

/* Looks at it once more. 1: it is over, whether it is there yet or not; 0: it isn't; -1: as
 * xldomain_find. */
int xldomain_look(const struct xenhost *h, const char *name, const char *uuid, struct xl_look *l,
    struct fault *fault) A_MUST_CHECK;

#endif
