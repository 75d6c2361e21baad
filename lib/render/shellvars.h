/* A record as shell assignments, for eval. */
#ifndef MIRARI_RENDER_SHELLVARS_H
#define MIRARI_RENDER_SHELLVARS_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"

/* Appends a line mirari_KEY='VALUE' for each key, '.' and '-' in it as '_'; the values of a list
 * are separated by newlines, which no value has. Two keys that become the same name are a fault. */
int shellvars_write(const struct rec *record, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
