/*
 * A project's sources once more, below its build.dir, where one target is generated and built apart
 * from the others: the same directories, with a symbolic link for each file. What is built stays
 * out of the sources' way, and what one edits is seen at once.
 *
 * Left out are hidden files, what builders leave behind (_build, _opam, dist, .cm? and .o files),
 * the project's own generated files, and links to what was built.
 */
#ifndef MIRARI_HOST_BUILDTREE_H
#define MIRARI_HOST_BUILDTREE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/project.h"

#include <stddef.h>

/* Brings the tree in `build_dir` (a relative path, see VALUE_BUILD_DIR) up to date with the project
 * `sources`. `tree` is open and locked, and has been compared with the outputs. Links to sources
 * that are gone are removed; nothing that isn't a link of this kind is. Where one of the `outputs`
 * is to be generated there is no link: a source with its name makes it FILE_FOREIGN, as it would
 * beside the sources. */
int buildtree_update(const struct project *sources, const struct project *tree,
    const char *build_dir, struct output *outputs, size_t count, struct fault *fault) A_MUST_CHECK;

#endif
