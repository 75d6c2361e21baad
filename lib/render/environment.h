/*
 * What one environment has that another hasn't, as text: each takes two lists of NAME=VALUE, ended
 * by NULL, and appends what makes `after` of `before`, in the order of the names.
 */
#ifndef MIRARI_RENDER_ENVIRONMENT_H
#define MIRARI_RENDER_ENVIRONMENT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"

/* Lines `export NAME='VALUE'` and `unset NAME`. A name that no shell takes is EX_DATAERR. */
int environment_shell(
    char *const *before, char *const *after, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* One object of names and values; null for a variable to be unset. What isn't UTF-8 is EX_DATAERR.
 */
int environment_json(
    char *const *before, char *const *after, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Fields env.NAME=VALUE, and unset=NAME. What a record can't carry is EX_DATAERR. */
int environment_record(
    char *const *before, char *const *after, struct rec *into, struct fault *fault) A_MUST_CHECK;

#endif
