/*
 * `mirari build --all`: every target of a configuration, each by a mirari-build of its own in
 * _build/TARGET (build.dir), side by side.
 */
#ifndef MIRARI_HOST_BUILDALL_H
#define MIRARI_HOST_BUILDALL_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/sidebyside.h"
#include "host/verb.h"

#include <stddef.h>

/* The default target comes first. */
struct buildall {
	struct verb *verbs; /* one for each target; its record is empty when parsing it failed */
	struct job *jobs;   /* those of the same targets */
	struct buf *logs;   /* their log files' paths */
	struct strv targets;
	size_t count;
};

void buildall_free(struct buildall *all);

/* Finds the targets, and parses each: mirari-parse says what is wrong, and the job of such a target
 * has ended with its status. 0; -1; or the status of a tool that has failed and said why, as
 * verb_parse. */
int buildall_plan(
    struct buildall *all, const struct verb *options, struct fault *fault) A_MUST_CHECK;

/* Runs the builds, once no other build --all works in the project (`waiting` is told when one
 * does). `changed` is told as by sidebyside_run, with the buildall as its context. Then the link
 * mir-NAME in the project's directory points at the artifact of the default target, if that has
 * been built; EX_CANTCREAT when something else has its place. */
int buildall_run(struct buildall *all, unsigned jobs,
    void (*changed)(const struct job *job, void *context), void (*waiting)(const char *dir),
    int *interrupted, struct fault *fault) A_MUST_CHECK;

/* How many have failed, or have not been built. */
size_t buildall_failed(const struct buildall *all);

/* The summary for people. */
void buildall_table(const struct buildall *all, struct buf *into);

/* A record for each target that was built or has failed. */
int buildall_records(
    const struct buildall *all, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
