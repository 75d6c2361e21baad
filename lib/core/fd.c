#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
	*dir = NULL;
}

DIR *dir_open(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		fd_close(&fd);
	return dir;
}

int fd_fix_standard(void)
{
	/* open gives the lowest number that is free, which is the one that was found closed */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

int fd_leave_input(struct fault *fault)
{
	int null A_CLEANUP(fd_close) = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fault_errno(fault, EX_OSERR, errno, "/dev/null");
	return 0;
}

int fd_write(int fd, const void *bytes, size_t length)
{
	const char *next = bytes;

	while (length) {
		ssize_t n = write(fd, next, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		next += n;
		length -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, const char *name, struct buf *into, struct fault *fault)
{
	struct stat st;
	size_t step = 1 << 16;

	/* one read for the file and one for its end, where the size is known */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size >= step)
		step = (size_t)st.st_size + 1;
	for (;;) {
		size_t max = into->max ? into->max : BUF_MAX, left = max - into->length;
		char *end = buf_reserve(into, step < left ? step : left), spare;
		ssize_t n;

		/* a full buffer is fine at the end of the file, which one more byte tells */
		n = read(fd, left ? end : &spare, !left ? 1 : step < left ? step : left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(fault, 0, errno, "read %s", name);
		if (n == 0)
			return 0;
		if (!left)
			return fault_set(fault, EX_DATAERR, "%s: larger than %zu bytes", name, max);
		buf_grew(into, (size_t)n);
		step = 1 << 16;
	}
}

int file_read(const char *path, int missing, struct buf *into, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fault_errno(
		    fault, errno == ENOENT || errno == ENOTDIR ? missing : 0, errno, "%s", path);
	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return fault_set(fault, missing, "%s: %s, not a file", path,
		    S_ISDIR(st.st_mode) ? "is a directory" : "is a device or socket");
	return fd_read_all(fd, path, into, fault);
}

int file_publish(int dir, const char *path, const char *temporary, mode_t mode, const void *bytes,
    size_t length, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) =
	    openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int status, error;

	if (fd < 0)
		return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
		    "create %s", temporary);
	if (fd_write(fd, bytes, length) < 0) {
		status = EX_IOERR;
	} else if (renameat(dir, temporary, dir, path) < 0) {
		status = EX_CANTCREAT;
	} else {
		return 0;
	}
	error = errno;
	unlinkat(dir, temporary, 0);
	return fault_errno(fault, status, error, "write %s", path);
}
