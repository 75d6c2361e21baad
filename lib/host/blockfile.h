/*
 * What is behind a block device: a file, made when it isn't there, or a device of the host.
 *
 * Two unikernels that write to one destroy what is in it, and Solo5's tenders don't look. So it is
 * locked while it is used: by an open file description lock (fcntl(2), F_OFD_SETLK) for writing on
 * all of it. QEMU locks single bytes of its images in the same way (block/file-posix.c,
 * RAW_LOCK_PERM_BASE), so that the two see each other. Where a file system has no locks there is
 * none.
 */
#ifndef MIRARI_HOST_BLOCKFILE_H
#define MIRARI_HOST_BLOCKFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct blockfile {
	const char *device; /* the unikernel's name for it */
	const char *path;
	uint64_t size;   /* bytes, for one that is to be made; 0: it has to be there */
	unsigned sector; /* bytes */
	bool locks;      /* who is to use it locks it: ours is tried, and let go again */
	bool missing;    /* found by blockfile_check: it is to be made */
	bool made;       /* by blockfile_take */
	int fd;          /* owned: holds the lock; 0: none, since that is standard input */
	dev_t of;        /* by blockfile_take: which file it is */
	ino_t inode;
};

/* Looks whether it can be used, or made; makes nothing. What isn't wrong but may not be what is
 * wanted (a file of another size than the one given) is appended to *note. */
int blockfile_check(struct blockfile *b, struct buf *note, struct fault *fault) A_MUST_CHECK;

/* Makes the one that is missing (sparse, for its user alone: EX_CANTCREAT), and locks it: the
 * number `i` of those that one unikernel is to have. What another has is EX_TEMPFAIL, what one
 * before it is EX_DATAERR. */
int blockfile_take(struct blockfile *all, size_t i, struct fault *fault) A_MUST_CHECK;

/* Unlocks it. */
void blockfile_release(struct blockfile *b);

/* Removes what blockfile_take has made, and unlocks it. */
void blockfile_undo(struct blockfile *b);

#endif
