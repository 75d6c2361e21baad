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

/* Appends where mirari build would put it: build.dir, or beside the sources. */
void built_path_to_be(const struct verb *v, struct buf *path);

/* Is there something to build first? So it is when the artifact isn't there or is another target's,
 * or when a file of the project is newer: the configuration, anything in its directory or below,
 * but for what begins with '.' or '_', files behind block devices, links, and what our standard
 * descriptors are; and all in the directories that are embedded, these directories included, since
 * one that has lost a file is newer. */
bool built_is_old(const struct verb *v, const char *path);

#endif
