/* A file that could be run (model/image.h), from the disk. */
#ifndef MIRARI_HOST_IMAGEFILE_H
#define MIRARI_HOST_IMAGEFILE_H

#include "core/attr.h"
#include "core/fault.h"
#include "model/image.h"

#include <stdint.h>

/* Looks at it, by reading only what says what it is. EX_NOINPUT: it isn't there; EX_NOPERM;
 * EX_DATAERR: a directory, a device, or nothing that can be run; also a file that becomes shorter
 * meanwhile. */
int imagefile_read(const char *path, struct image *into, struct fault *fault) A_MUST_CHECK;

/* The same in two steps, for who does more with the very file: the descriptor, for the caller to
 * close, or -1. *size, unless it is NULL, is set to its size. */
int imagefile_open(const char *path, uint64_t *size, struct fault *fault) A_MUST_CHECK;
int imagefile_read_open(
    int fd, const char *path, struct image *into, struct fault *fault) A_MUST_CHECK;

#endif
