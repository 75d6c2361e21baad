/*
 * Which device of a unikernel is which of the host's: those of its manifest (model/image.h) against
 * what a record has, net.DEV.* and block.DEV.*. Each must have its counterpart, by name and type; a
 * kernel for Xen that has no manifest may be given any.
 */
#ifndef MIRARI_MODEL_ATTACH_H
#define MIRARI_MODEL_ATTACH_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "model/image.h"

/* EX_DATAERR names what is missing on either side, and lists both: `name` is the unikernel's file.
 */
int attach_check(const struct image *image, const char *name, const struct rec *record,
    struct fault *fault) A_MUST_CHECK;

#endif
