/*
 * What stands between this machine and a running guest: one check after another, each with what to
 * do about it. Nothing is changed.
 */
#ifndef MIRARI_HOST_DOCTOR_H
#define MIRARI_HOST_DOCTOR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>

enum finding_grade {
	FINDING_OK,
	FINDING_WARNING, /* something won't work, other ways will */
	FINDING_BAD
};

/* Strings are borrowed for the time of the call. */
struct finding {
	const char *name; /* of the check: tun, privilege, rootless, nft, slirp4netns, ip_forward,
			     rp_filter, firewall, bridge_filter (as root); the two before that may
			     be there several times */
	enum finding_grade grade;
	const char *text;   /* a sentence without its full stop */
	const char *advice; /* a command, or "" */
};

/* Calls `found` for each. -1 only when it can't go on. */
int doctor_run(void (*found)(void *context, const struct finding *finding), void *context,
    struct fault *fault) A_MUST_CHECK;

/* The same with files of /dev, /proc and /sys below another directory than / ("" for that). What is
 * tried, and asked of the kernel, is always this machine's. */
int doctor_run_at(const char *root, void (*found)(void *context, const struct finding *finding),
    void *context, struct fault *fault) A_MUST_CHECK;

/* Appends all findings: a record each, or lines for people. *worst is the worst grade of them. */
int doctor_list(
    bool lines, struct buf *into, enum finding_grade *worst, struct fault *fault) A_MUST_CHECK;

#endif
