/* The files below a directory, in the same order on every machine. */
#ifndef MIRARI_HOST_FSTREE_H
#define MIRARI_HOST_FSTREE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"

/* Appends the names of all files below `dir`, relative to it, with '/' between their parts, sorted
 * by byte value. Symbolic links are followed; one that leads back up, and anything that is neither
 * file nor directory, is a fault (EX_DATAERR) that names it. */
int fstree_list(const char *dir, struct strv *names, struct fault *fault) A_MUST_CHECK;

#endif
