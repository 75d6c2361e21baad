/* Files that a directory gets all of, or none. */
#ifndef MIRARI_HOST_NEWFILES_H
#define MIRARI_HOST_NEWFILES_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

/* Creates the files (paths relative to `dir`, ended by a NULL) with these texts, and the
 * directories that they need. One that is there already is a fault (EX_CANTCREAT); those before it
 * are then taken back. */
int newfiles_write(const char *dir, const char *const *files, const struct buf *texts,
    struct fault *fault) A_MUST_CHECK;

/* Appends shell that does the same. No text may have a line MIRARI, which ends each. */
void newfiles_show(
    const char *dir, const char *const *files, const struct buf *texts, struct buf *into);

#endif
