/* A project's unikernel (model/image.h) and its record. */
#ifndef MIRARI_MODEL_IMAGERECORD_H
#define MIRARI_MODEL_IMAGERECORD_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "model/image.h"

/* Appends the path of the file that the record's project builds; EX_DATAERR when it doesn't say
 * where that is. */
int imagerecord_artifact(
    const struct rec *record, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* *into (empty): the record's fields, but for what an inspection has written before, and what the
 * image is. They borrow from the record. A file of another target than the record has is
 * EX_DATAERR: it is not what the record is about. `path` is the file's, for the message. */
int imagerecord_merge(const struct rec *record, const struct image *image, const char *path,
    struct rec *into, struct fault *fault) A_MUST_CHECK;

#endif
