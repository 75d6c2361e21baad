/*
 * Files of ours on another machine: below ~/.mirari there, one directory for each unikernel.
 *
 *     ~/.mirari/NAME/NAME.xen (or .hvt …)    its file, under its own last name
 *     ~/.mirari/NAME/NAME.xl                 what xl was told
 *     ~/.mirari/NAME/.FILE.PID.XXXXXX        one that is being written
 *
 * The directory is private (mode 700). A file is replaced by rename once its checksum is right.
 */
#ifndef MIRARI_HOST_REMOTEFILE_H
#define MIRARI_HOST_REMOTEFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/sshlink.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes ~/.mirari/NAME if need be and appends its absolute path. */
int remotefile_directory(
    const struct sshlink *l, const char *name, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Puts the local file `fd` (from its start, a regular file; `path` for messages) to `remote`, an
 * absolute path there. SHA-256 is compared first: *sent is false when the same was there. EX_IOERR:
 * it arrived as another, or the other side's disk is full; nothing is left then. `progress` may be
 * NULL. */
int remotefile_put(const struct sshlink *l, int fd, const char *path, const char *remote,
    void (*progress)(uint64_t done, uint64_t total), bool *sent, struct fault *fault) A_MUST_CHECK;

/* The same for bytes. */
int remotefile_put_bytes(const struct sshlink *l, const struct buf *bytes, const char *remote,
    struct fault *fault) A_MUST_CHECK;

/* Removes ~/.mirari/NAME with what is ours in it; one that isn't there is fine. */
int remotefile_remove(const struct sshlink *l, const char *name, struct fault *fault) A_MUST_CHECK;

/* The names of all directories there; for gc. */
int remotefile_list(const struct sshlink *l, struct strv *names, struct fault *fault) A_MUST_CHECK;

#endif
