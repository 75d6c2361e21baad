/* A file that could be run (model/image.h), from the disk. */
#ifndef MIRARI_HOST_IMAGEFILE_H
#define MIRARI_HOST_IMAGEFILE_H

#include "core/attr.h"
#include "core/fault.h"
#include "model/image.h"

/* Maps it, and looks at it. EX_NOINPUT: it isn't there; EX_NOPERM; EX_DATAERR: a directory, a
 * device, or nothing that can be run. A file that shrinks meanwhile is EX_DATAERR, no SIGBUS. */
int imagefile_read(const char *path, struct image *into, struct fault *fault) A_MUST_CHECK;

#endif
