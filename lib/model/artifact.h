/* Paths of a project: where it is built, and what is built there. */
#ifndef MIRARI_MODEL_ARTIFACT_H
#define MIRARI_MODEL_ARTIFACT_H

#include "core/buf.h"
#include "core/rec.h"

/* Appends a path that the record gives, as seen from wherever we are: one that isn't absolute
 * begins at config.dir, if the record has that. */
void record_path(const struct rec *record, const char *path, struct buf *into);

/* Appends the directory of generated files, where the builder runs: config.dir, or build.dir below
 * it. The record has a config.dir. */
void build_dir_path(const struct rec *record, struct buf *into);

/* Appends the artifact's path as seen from there: the record's, or mir-NAME. */
void artifact_path(const struct rec *record, struct buf *into);

/* Appends it as seen from config.dir. */
void artifact_from_project(const struct rec *record, struct buf *into);

#endif
