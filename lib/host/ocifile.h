/* Writes a container image (render/ociimage.h) as an OCI image layout in a tar archive. */
#ifndef MIRARI_HOST_OCIFILE_H
#define MIRARI_HOST_OCIFILE_H

#include "core/attr.h"
#include "core/fault.h"
#include "render/ociimage.h"

/* `unikernel` is an open file, of name `path`, which is read once and doesn't have to fit into
 * memory. `output` is published by rename: the same input gives the same bytes. EX_DATAERR: more
 * than an archive can hold, or a file that changes its size meanwhile. */
int ocifile_write(const struct ociimage *o, int unikernel, const char *path, const char *output,
    struct fault *fault) A_MUST_CHECK;

#endif
