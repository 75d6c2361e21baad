/* Where the last lines of a log begin: read from its end backwards, over all of its files. */
#ifndef MIRARI_HOST_LOGTAIL_H
#define MIRARI_HOST_LOGTAIL_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/loglist.h"

#include <stddef.h>
#include <stdint.h>

/* An option --tail=LINES. EX_USAGE. */
int logtail_parse(const char *lines, uint64_t *number, struct fault *fault) A_MUST_CHECK;

/* Sets *file to the index of a file, and *offset to where in it the last `lines` begin. A line in
 * parts is one; parts before the line in front of the last ones aren't looked for. */
int logtail_find(const struct loglist *list, uint64_t lines, size_t *file, uint64_t *offset,
    struct fault *fault) A_MUST_CHECK;

#endif
