/* File descriptors and whole files. Every descriptor opened here is close-on-exec. */
#ifndef MIRARI_CORE_FD_H
#define MIRARI_CORE_FD_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <dirent.h>
#include <sys/types.h>

/* For A_CLEANUP: closes *fd unless it is negative. */
void fd_close(int *fd);

/* For A_CLEANUP, too. */
void dir_close(DIR **dir);

/* The entries of a directory below an open one (AT_FDCWD: of any), for readdir and closedir; NULL
 * with errno set. */
DIR *dir_open(int at, const char *path) A_MUST_CHECK;

/* Opens 0, 1 and 2 on /dev/null where they are closed, so that no file of ours becomes one. */
int fd_fix_standard(void);

/* Standard input is /dev/null from here on: what was read from it was for us, and not for what
 * comes next. EX_OSERR. */
int fd_leave_input(struct fault *fault) A_MUST_CHECK;

/* Writes all of it; -1 with errno set. EINTR and short writes are handled. */
int fd_write(int fd, const void *bytes, size_t length) A_MUST_CHECK;

/* Appends everything up to the end of the file; `name` is for the message. More than the buffer's
 * maximum is a fault of EX_DATAERR. */
int fd_read_all(int fd, const char *name, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* The same for a regular file (or a pipe), by its path. A directory or a device is refused. A file
 * that isn't there is a fault with `missing` as its status. */
int file_read(const char *path, int missing, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Publishes a file by rename: readers see the old bytes or the new ones, whatever happens.
 * `path` is relative to `dir` (an open directory); `temporary` is a path in the same file system,
 * relative to `dir` too, that nobody else uses, and is gone afterwards. There is no fsync: a crash
 * of the program is survived, one of the machine as the file system is mounted. */
int file_publish(int dir, const char *path, const char *temporary, mode_t mode, const void *bytes,
    size_t length, struct fault *fault) A_MUST_CHECK;

#endif
