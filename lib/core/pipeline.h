/*
 * A row of tools, each reading what the one before it wrote, as `a | b | c`. It runs them one after
 * another through files in memory: a tool starts only when the one before it has succeeded, so that
 * one failure gives one message and nothing is half done. As text it is a shell's pipeline.
 */
#ifndef MIRARI_CORE_PIPELINE_H
#define MIRARI_CORE_PIPELINE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stddef.h>

enum { PIPELINE_MAX = 8 };

struct pipeline {
	struct strv stages[PIPELINE_MAX];
	size_t count;
};

void pipeline_free(struct pipeline *p);

/* A new last stage, empty, for the caller to fill; NULL when there are PIPELINE_MAX already. */
struct strv *pipeline_stage(struct pipeline *p);

/* Runs it. The first stage reads `in` (-1: nothing). What the last one writes is appended to *out,
 * or goes to our standard output when that is NULL. *status: that of the first stage that failed,
 * else 0. */
int pipeline_run(const struct pipeline *p, int in, struct buf *out, int *status,
    struct fault *fault) A_MUST_CHECK;

/* As it would be typed, without a newline. */
void pipeline_show(const struct pipeline *p, struct buf *into);

#endif
