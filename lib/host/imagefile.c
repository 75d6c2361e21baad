#include "host/imagefile.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_file(void *context, uint64_t offset, void *into, size_t length, const char *name,
    struct fault *fault)
{
	const int *fd = context;
	char *next = into;

	while (length) {
		ssize_t n = pread(*fd, next, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(fault, EX_IOERR, errno, "read %s", name);
		if (n == 0)
			return fault_set(
			    fault, EX_DATAERR, "%s: became shorter while it was read", name);
		next += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int imagefile_read(const char *path, struct image *into, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = imagefile_open(path, NULL, fault);

	return fd < 0 ? -1 : imagefile_read_open(fd, path, into, fault);
}

int imagefile_open(const char *path, uint64_t *size, struct fault *fault)
{
	/* a FIFO would block, a device might do something */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fault_errno(fault,
		    errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? EX_NOINPUT
		    : errno == ENXIO                                      ? EX_DATAERR
									  : 0,
		    errno, "%s", path);
	if (fstat(fd, &st) < 0) {
		fault_errno(fault, 0, errno, "%s", path);
	} else if (!S_ISREG(st.st_mode)) {
		fault_set(fault, EX_DATAERR, "%s: is a %s, not a file", path,
		    S_ISDIR(st.st_mode)    ? "directory"
		    : S_ISFIFO(st.st_mode) ? "pipe"
		    : S_ISSOCK(st.st_mode) ? "socket"
					   : "device");
	} else {
		if (size)
			*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

int imagefile_read_open(int fd, const char *path, struct image *into, struct fault *fault)
{
	struct image_source source = {.read = read_file, .context = &fd};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	source.size = (uint64_t)st.st_size;
	return image_parse_source(&source, path, into, fault);
}
