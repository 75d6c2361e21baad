/* The file that `build` leaves and `run` starts. */
#ifndef MIRARI_MODEL_ARTIFACT_H
#define MIRARI_MODEL_ARTIFACT_H

#include "core/buf.h"
#include "core/rec.h"

/* Appends the record's artifact if it has one, else mir-NAME: relative to its config.dir. */
void artifact_path(const struct rec *record, struct buf *into);

#endif
