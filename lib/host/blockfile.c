#include "host/blockfile.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_size(const struct blockfile *b, uint64_t size, struct fault *fault)
{
	if (size && size % b->sector == 0)
		return 0;
	fault_set(fault, EX_DATAERR, "block.%s: %s %s %" PRIu64 " bytes, no sectors of %u",
	    b->device, b->path, b->missing ? "would be" : "is", size, b->sector);
	if (b->missing)
		return fault_hint(fault, "--set block.%s.size=64M", b->device);
	return fault_hint(fault, "make it longer: truncate -s %%%u FILE", b->sector);
}

/* One that isn't there. */
static int check_missing(struct blockfile *b, struct fault *fault)
{
	struct buf dir A_CLEANUP(buf_free) = {0};
	const char *slash = strrchr(b->path, '/');

	if (!b->size) {
		fault_errno(fault, EX_NOINPUT, ENOENT, "block.%s: %s", b->device, b->path);
		return fault_hint(fault, "--set block.%s.size=64M makes it", b->device);
	}
	b->missing = true;
	if (check_size(b, b->size, fault) < 0)
		return -1;
	if (slash)
		buf_add(&dir, b->path, slash == b->path ? 1 : (size_t)(slash - b->path));
	else
		buf_addc(&dir, '.');
	if (faccessat(AT_FDCWD, buf_str(&dir), W_OK | X_OK, AT_EACCESS) < 0)
		return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
		    "block.%s: %s is to be made in %s", b->device, b->path, buf_str(&dir));
	return 0;
}

static int check_open(const struct blockfile *b, struct buf *note, struct fault *fault)
{
	/* opened as the tender will, since no question answers as well; it changes nothing */
	int fd A_CLEANUP(fd_close) = open(b->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	off_t size;

	if (fd < 0)
		return fault_errno(fault, 0, errno, "block.%s: %s", b->device, b->path);
	size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return fault_errno(fault, 0, errno, "block.%s: %s", b->device, b->path);
	if (check_size(b, (uint64_t)size, fault) < 0)
		return -1;
	if (b->size && b->size != (uint64_t)size)
		buf_printf(note,
		    "block.%s: %s has %" PRIu64 " bytes, not the %" PRIu64 " of block.%s.size; it "
		    "stays as it is",
		    b->device, b->path, (uint64_t)size, b->size, b->device);
	return 0;
}

int blockfile_check(struct blockfile *b, struct buf *note, struct fault *fault)
{
	struct stat st;

	if (b->sector & (b->sector - 1))
		return fault_set(fault, EX_DATAERR,
		    "block.%s.sector: %u is no power of two, as sectors are", b->device, b->sector);
	if (stat(b->path, &st) < 0) {
		if (errno == ENOENT)
			return check_missing(b, fault);
		return fault_errno(fault, 0, errno, "block.%s: %s", b->device, b->path);
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fault_set(fault, EX_DATAERR, "block.%s: %s is %s", b->device, b->path,
		    S_ISDIR(st.st_mode) ? "a directory" : "neither a file nor a block device");
	return check_open(b, note, fault);
}

int blockfile_make(struct blockfile *b, struct fault *fault)
{
	int fd, error;

	if (!b->missing)
		return 0;
	fd = open(b->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_errno(
		    fault, EX_CANTCREAT, errno, "block.%s: make %s", b->device, b->path);
	b->made = true;
	error = ftruncate(fd, (off_t)b->size) < 0 ? errno : 0;
	close(fd);
	if (!error)
		return 0;
	blockfile_undo(b);
	return fault_errno(fault, EX_CANTCREAT, error, "block.%s: make %s with %" PRIu64 " bytes",
	    b->device, b->path, b->size);
}

void blockfile_undo(struct blockfile *b)
{
	if (b->made)
		(void)unlink(b->path); /* whoever else has removed it did what was to be done */
	b->made = false;
}
