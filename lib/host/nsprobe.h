/*
 * Whether this user can have user and network namespaces (user_namespaces(7)), which running
 * without root needs: by trying, because there are more reasons for a refusal than can be looked
 * up.
 */
#ifndef MIRARI_HOST_NSPROBE_H
#define MIRARI_HOST_NSPROBE_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>

/* A child makes both and sets up an interface there. 0, or the errno of what failed: some systems
 * let everybody make them, and then use them for nothing. */
int nsprobe_try(void) A_MUST_CHECK;

/* Why it failed with that errno: appends a phrase and, where there is one, the command that
 * changes it. The kernel's settings are looked up below `root` ("" for this machine's). */
void nsprobe_explain(const char *root, int error, struct buf *why, struct buf *advice);

/* The same for settings that forbid it to everybody but root; false when there are none. */
bool nsprobe_only_root(const char *root, struct buf *why, struct buf *advice);

#endif
