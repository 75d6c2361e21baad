/*
 * What `xl list -v` prints (list_domains of Xen's tools/xl/xl_info.c, since 4.3): a heading, and
 * for each domain
 *
 *     NAME ID MEMORY VCPUS rbpscd SECONDS UUID REASON LABEL
 *
 * where only the name may have blanks in it, and REASON is "-" for a domain that hasn't ended.
 */
#ifndef MIRARI_MODEL_XLLIST_H
#define MIRARI_MODEL_XLLIST_H

#include "core/attr.h"
#include "core/strv.h"
#include "model/domain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xl_listed {
	const char *name; /* borrowed from the list */
	char uuid[DOMAIN_UUID_LENGTH + 1];
	unsigned domid;
	uint64_t memory; /* MiB */
	unsigned cpus;
	double seconds; /* of processor time */
	bool running, blocked, paused, ended, dying;
	int reason; /* of one that has ended: enum shutdown_reason */
};

struct xl_list {
	struct strv names;
	struct xl_listed *items; /* owned */
	size_t count;
};

void xl_list_free(struct xl_list *l);

/* False when a line is none of these: then it isn't xl's. */
bool xl_list_parse(const char *text, struct xl_list *into) A_MUST_CHECK;

/* The one of that name, or NULL. Of two, as after a domain was renamed, the one that hasn't ended.
 */
const struct xl_listed *xl_list_find(const struct xl_list *l, const char *name);

/* "running", "blocked", "paused", "shutdown", "crashed" or "dying". */
const char *xl_listed_state(const struct xl_listed *d);

#endif
