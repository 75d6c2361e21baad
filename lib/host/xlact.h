/*
 * mirari-xl's commands on domains: which of xl and libvirt does them, where, and doing them by xl.
 * Those of libvirt are mirari-virt's, which has the same words.
 *
 * What the record says of that: deploy, ssh.config, xen.via, libvirt.uri. When it says nothing, xl
 * is taken if it is there and we may use it, else libvirt if there is a libvirtd.
 */
#ifndef MIRARI_HOST_XLACT_H
#define MIRARI_HOST_XLACT_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "host/xenhost.h"
#include "host/xlconfig.h"
#include "model/xllist.h"

#include <stdbool.h>
#include <stdint.h>

struct xlact {
	const struct rec *record; /* borrowed, checked */
	void (*say)(const char *format, ...) A_PRINTF(1, 2);
	void (*progress)(uint64_t done, uint64_t total); /* of copying; may be NULL */
	int64_t grace_ms;                                /* what a guest is given to shut down */

	struct xenhost host;
	bool libvirt; /* it is to be done by mirari-virt */
};

void xlact_close(struct xlact *a);

/* Decides, and connects. */
int xlact_open(struct xlact *a, struct fault *fault) A_MUST_CHECK;

/* Becomes `mirari-virt WORDS...`: returns only with a fault. The connection is as the record says;
 * words behind `--` are in `behind`. */
int xlact_become_virt(struct xlact *a, const char *command, const struct strv *options,
    const struct strv *words, const struct strv *behind, struct fault *fault);

/* Runs the domain to its end: *status is what to end with. Ends us by the signal that has ended it.
 */
int xlact_run(struct xlact *a, struct xlconfig *x, int in, int out, int *status,
    struct fault *fault) A_MUST_CHECK;

/* Makes it; *answer (empty) is the record then, with what was found out. */
int xlact_create(
    struct xlact *a, struct xlconfig *x, struct rec *answer, struct fault *fault) A_MUST_CHECK;

/* A domain by its name and, unless that is NULL, its UUID. */
struct xlname {
	const char *name, *uuid;
};

/* Looks at its console; on a terminal it is xl's own, which we become. */
int xlact_console(
    struct xlact *a, const struct xlname *n, int in, int out, struct fault *fault) A_MUST_CHECK;

/* Waits for its end. */
int xlact_wait(
    struct xlact *a, const struct xlname *n, int *status, struct fault *fault) A_MUST_CHECK;

/* Ends it, by force or only after a while; what was copied for it is removed. With `force` one that
 * isn't there is fine. */
int xlact_stop(struct xlact *a, const struct xlname *n, bool at_once, bool force,
    struct fault *fault) A_MUST_CHECK;

/* The domains that are ours, or all but dom0. */
int xlact_list(struct xlact *a, bool all, struct xl_list *into, struct fault *fault) A_MUST_CHECK;

#endif
