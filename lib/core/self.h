/* Where this program is, and what was installed with it. */
#ifndef MIRARI_CORE_SELF_H
#define MIRARI_CORE_SELF_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

/* Appends the directory of the running executable. */
int self_dir(struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Appends the directory of templates and examples: $MIRARI_SHARE if set, else ../share/mirari as
 * seen from the executable, so that an installed tree can be moved. */
int self_share(struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Puts our own directory in front of PATH, so that the tools we start are those we came with. */
int self_first_in_path(struct fault *fault) A_MUST_CHECK;

#endif
