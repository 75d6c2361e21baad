/*
 * Files of ours on another machine: below ~/.mirari there, one directory for each unikernel.
 *
 *     ~/.mirari/NAME/NAME.xen                its file, for xl
 *     ~/.mirari/NAME/NAME.SHA256.TARGET      its file, for mirari: the sum's first 16 digits
 *     ~/.mirari/NAME/NAME.xl                 what xl was told
 *     ~/.mirari/NAME/.FILE.PID.XXXXXXXX      one that is being written, by that process there
 *
 * The directory is private (mode 700). A file is replaced by rename once its checksum is right. One
 * that is being written is removed by its writer when it can't be finished, as when we or the
 * connection end meanwhile; it is left only when that is killed, or the machine goes down.
 *
 * Needed there: a POSIX shell and its tools, and sha256sum (coreutils, busybox) or openssl.
 */
#ifndef MIRARI_HOST_REMOTEFILE_H
#define MIRARI_HOST_REMOTEFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/sshlink.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes ~/.mirari/NAME if need be, marks it as used now, and appends its absolute path. EX_NOPERM,
 * EX_CANTCREAT, EX_IOERR for a full disk. */
int remotefile_directory(
    const struct sshlink *l, const char *name, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Puts the local file `fd` (from its start, a regular file; `path` for messages) to `remote`, an
 * absolute path in such a directory. SHA-256 is compared first: *sent is false when the same was
 * there. Its mode is 600, or 700 for what is executable here. EX_IOERR: it arrived as another, or
 * the other side's disk is full; nothing is left then, and an older one stays. `progress` may be
 * NULL; it is called ten times a second. */
int remotefile_put(const struct sshlink *l, int fd, const char *path, const char *remote,
    void (*progress)(uint64_t done, uint64_t total), bool *sent, struct fault *fault) A_MUST_CHECK;

/* The same for bytes. */
int remotefile_put_bytes(const struct sshlink *l, const struct buf *bytes, const char *remote,
    struct fault *fault) A_MUST_CHECK;

/* Removes ~/.mirari/NAME with what is ours in it; one that isn't there is fine. */
int remotefile_remove(const struct sshlink *l, const char *name, struct fault *fault) A_MUST_CHECK;

/* The names of all directories there, sorted; for gc. */
int remotefile_list(const struct sshlink *l, struct strv *names, struct fault *fault) A_MUST_CHECK;

/* Removes from all directories what was being written and isn't any more, and the directories
 * `unused` as remotefile_remove does; without `xl` not those with a NAME.xl. What was used less
 * than REMOTEFILE_GRACE_MIN minutes ago stays: somebody may be about to run it. Appends a line
 * "NAME" or "NAME/FILE" for what was removed. */
enum { REMOTEFILE_GRACE_MIN = 5 };
int remotefile_sweep(const struct sshlink *l, const struct strv *unused, bool xl,
    struct strv *removed, struct fault *fault) A_MUST_CHECK;

#endif
