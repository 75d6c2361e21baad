#include "host/blockfile.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
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

/* A link is made by somebody else, who may be somebody else's enemy: nothing is made behind it. */
static int check_link(const struct blockfile *b, struct fault *fault)
{
	char target[PATH_MAX];
	ssize_t length = readlink(b->path, target, sizeof target);

	if (length < 0)
		return 0;
	fault_set(fault, EX_CANTCREAT, "block.%s: %s is a link to %.*s, which is not there",
	    b->device, b->path, (int)length, target);
	return fault_hint(fault, "make that: truncate -s SIZE %.*s", (int)length, target);
}

/* One that isn't there. */
static int check_missing(struct blockfile *b, struct fault *fault)
{
	struct buf dir A_CLEANUP(buf_free) = {0};
	const char *slash = strrchr(b->path, '/');
	bool missing;

	if (!b->size) {
		fault_errno(fault, EX_NOINPUT, ENOENT, "block.%s: %s", b->device, b->path);
		return fault_hint(fault, "--set block.%s.size=64M makes it", b->device);
	}
	b->missing = true;
	if (check_size(b, b->size, fault) < 0 || check_link(b, fault) < 0)
		return -1;
	if (slash)
		buf_add(&dir, b->path, slash == b->path ? 1 : (size_t)(slash - b->path));
	else
		buf_addc(&dir, '.');
	if (faccessat(AT_FDCWD, buf_str(&dir), W_OK | X_OK, AT_EACCESS) == 0)
		return 0;
	missing = errno == ENOENT;
	fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
	    "block.%s: %s is to be made in %s", b->device, b->path, buf_str(&dir));
	return missing ? fault_hint(fault, "mkdir -p %s", buf_str(&dir)) : -1;
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

/* ---- taking it ----------------------------------------------------------------------------------
 */

static int check_others(
    const struct blockfile *all, size_t i, const struct stat *st, struct fault *fault)
{
	for (size_t k = 0; k < i; k++)
		if (all[k].inode == st->st_ino && all[k].of == st->st_dev)
			return fault_set(fault, EX_DATAERR, "block.%s: %s is what block.%s has",
			    all[i].device, all[i].path, all[k].device);
	return 0;
}

static int lock(const struct blockfile *b, struct fault *fault)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(b->fd, F_OFD_SETLK, &all) == 0 || (errno != EAGAIN && errno != EACCES))
		return 0;
	fault_set(
	    fault, EX_TEMPFAIL, "block.%s: %s is in use by another unikernel", b->device, b->path);
	return fault_hint(
	    fault, "fuser -v %s says by which; or give this one a copy of its own", b->path);
}

/* One that somebody makes at the same moment is taken as it is. */
static int open_or_make(struct blockfile *b)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY;
	int fd = b->missing ? open(b->path, flags | O_CREAT | O_EXCL, 0600) : -1;

	b->made = fd >= 0;
	return b->made || (b->missing && errno != EEXIST) ? fd : open(b->path, flags);
}

int blockfile_take(struct blockfile *all, size_t i, struct fault *fault)
{
	struct blockfile *b = &all[i];
	struct stat st;

	b->fd = open_or_make(b);
	if (b->fd < 0) {
		b->fd = 0;
		return b->missing
			   ? fault_errno(fault, EX_CANTCREAT, errno, "block.%s: make %s", b->device,
				 b->path)
			   : fault_errno(fault, 0, errno, "block.%s: %s", b->device, b->path);
	}
	if (fstat(b->fd, &st) < 0)
		return fault_errno(fault, 0, errno, "block.%s: %s", b->device, b->path);
	if (check_others(all, i, &st, fault) < 0 || lock(b, fault) < 0)
		return -1;
	b->of = st.st_dev;
	b->inode = st.st_ino;
	if (b->made && ftruncate(b->fd, (off_t)b->size) < 0)
		return fault_errno(fault, EX_CANTCREAT, errno,
		    "block.%s: make %s with %" PRIu64 " bytes", b->device, b->path, b->size);
	if (b->locks)
		blockfile_release(b);
	return 0;
}

void blockfile_release(struct blockfile *b)
{
	if (b->fd > 0)
		close(b->fd);
	b->fd = 0;
}

void blockfile_undo(struct blockfile *b)
{
	if (b->made)
		(void)unlink(b->path); /* whoever else has removed it did what was to be done */
	b->made = false;
	blockfile_release(b);
}
