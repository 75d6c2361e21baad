/* What mirari build left of a project, and whether it is still what would be built. */
#ifndef MIRARI_HOST_BUILT_H
#define MIRARI_HOST_BUILT_H

#include "core/attr.h"
#include "core/buf.h"
#include "host/verb.h"

#include <stdbool.h>

/* Appends the absolute path of the record's artifact: in its build.dir; else beside the sources;
 * else, when that isn't there or is another target's, where build --all puts it. */
void built_path(const struct verb *v, struct buf *path);

/* Is there something to build first? So it is when the artifact isn't there or is another target's,
 * or when a file of the project is newer: the configuration, anything in its directory or below,
 * and in the directories that are embedded. What begins with '.' or '_' doesn't count, nor do the
 * files behind block devices, nor links. */
bool built_is_old(const struct verb *v, const char *path);

#endif
