/*
 * What the xl that watches over a domain writes into /var/log/xen/xl-NAME.log (create_domain of
 * Xen's tools/xl/xl_vmcontrol.c, handle_domain_death): a file of its own for each `xl create`,
 * which Xen keeps a few older ones of.
 *
 *     Waiting for domain www (domid 5) to die [pid 217]
 *     Domain 5 has shut down, reason code 3 0x3
 *     Action for shutdown reason code 3 is destroy
 *     Domain 5 needs to be cleaned up: destroying the domain
 *     Done. Exiting now                        or: Done. Rebooting now
 *
 * or, when somebody else has destroyed it, "Domain 5 has been destroyed."
 */
#ifndef MIRARI_MODEL_XLLOG_H
#define MIRARI_MODEL_XLLOG_H

#include <stdbool.h>

#define XL_LOG_DIRECTORY "/var/log/xen"

struct xl_log {
	bool watched;   /* there is such a file, of a domain of that name */
	bool ended;     /* for good, whatever is left of it */
	bool restarted; /* it ended, and xl makes it anew as another domain */
	bool preserved; /* it ended, and is kept as it is */
	bool suspended; /* it waits to be resumed */
	int reason;     /* enum shutdown_reason; of the last end */
	unsigned domid; /* the last one that is named; 0 before */
};

void xl_log_parse(const char *text, const char *name, struct xl_log *into);

#endif
