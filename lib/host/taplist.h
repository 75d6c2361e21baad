/* The taps and bridges that there are, for people and for programs. */
#ifndef MIRARI_HOST_TAPLIST_H
#define MIRARI_HOST_TAPLIST_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stdbool.h>

/* Appends a record for each, or a table. Those of ours, or with `all` every tap and bridge; with
 * `names` only these, and `absent` gets those that no tap or bridge has. */
int taplist(const struct strv *names, bool all, bool table, struct buf *into, struct strv *absent,
    struct fault *fault) A_MUST_CHECK;

#endif
