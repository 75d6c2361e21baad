/*
 * Who has started us by sudo(8) and its like, when we are root, and instances of that user: what
 * `mirari-tap exec` starts for root is the user's (host/tapexec.h), and with it the instance that
 * `sudo mirari run --detach` makes, unless it is a program without devices.
 */
#ifndef MIRARI_HOST_INVOKER_H
#define MIRARI_HOST_INVOKER_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"
#include "host/statedir.h"

#include <stdbool.h>
#include <sys/types.h>

struct invoker {
	uid_t uid;
	gid_t gid;
	bool other; /* we are root, and it is somebody else */
};

/* As caps_invoker. */
int invoker_find(struct invoker *who, struct fault *fault) A_MUST_CHECK;

/* Becomes the user for good, as caps_become, with the HOME, USER and LOGNAME of whom we weren't. */
int invoker_become(uid_t uid, gid_t gid, struct fault *fault) A_MUST_CHECK;

/* Runs a program as that user, or without an other one as we are: as proc_run. */
int invoker_run(const struct invoker *who, const struct strv *command, const struct proc_io *io,
    int *status, struct fault *fault) A_MUST_CHECK;

/* What is done between these is done as the other one: files are made and signals sent as that
 * user. Without an other one they do nothing. */
int invoker_enter(const struct invoker *who, struct fault *fault) A_MUST_CHECK;
int invoker_leave(const struct invoker *who, struct fault *fault) A_MUST_CHECK;

/* Opens the state directory that has the first of these instances, as instances_open without
 * making it: ours; or the other one's, if ours hasn't got it and that has. It is entered then, and
 * *entered set. */
int invoker_open(struct instances *s, const struct invoker *who, const struct strv *names,
    bool *entered, struct fault *fault) A_MUST_CHECK;

/* The same for what needs no rights of root's: the other one is become for good. */
int invoker_open_plain(
    struct instances *s, const struct strv *names, struct fault *fault) A_MUST_CHECK;

/* For what is done to all instances: closes this directory and opens the next one. Root's comes
 * first, then the other one's, whom it becomes for good. 1; 0: that was all. */
int invoker_next(struct instances *s, struct fault *fault) A_MUST_CHECK;

#endif
