/*
 * A project's sources once more, below its build.dir, where one target is generated and built apart
 * from the others: the same directories, with a symbolic link for each file. What is built stays
 * out of the sources' way, and what one edits is seen at once.
 *
 * Left out are hidden files, directories of the project whose name begins with _, what builders
 * leave behind (_build, _opam, dist, .cm? and .o files), the project's own generated files, and
 * links to what was built.
 */
#ifndef MIRARI_HOST_BUILDTREE_H
#define MIRARI_HOST_BUILDTREE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "host/project.h"

#include <stddef.h>

/* Brings the tree in the record's build.dir up to date with the project `sources`. `tree` is open
 * and has been compared with the outputs; unless it is locked too, nothing is written. Links to
 * sources that are gone are removed; nothing that isn't a link of this kind is. Where one of the
 * `outputs` is to be generated there is no link: a source with its name makes it FILE_FOREIGN, as
 * it would beside the sources. Nor is there one where the record's artifact goes. */
int buildtree_update(const struct project *sources, const struct project *tree,
    const struct rec *record, struct output *outputs, size_t count,
    struct fault *fault) A_MUST_CHECK;

#endif
