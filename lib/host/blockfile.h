/* What is behind a block device: a file, made when it isn't there, or a device of the host. */
#ifndef MIRARI_HOST_BLOCKFILE_H
#define MIRARI_HOST_BLOCKFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct blockfile {
	const char *device; /* the unikernel's name for it */
	const char *path;
	uint64_t size;   /* bytes, for one that is to be made; 0: it has to be there */
	unsigned sector; /* bytes */
	bool missing;    /* found by blockfile_check: it is to be made */
	bool made;       /* by blockfile_make */
};

/* Looks whether it can be used, or made; makes nothing. What isn't wrong but may not be what is
 * wanted (a file of another size than the one given) is appended to *note. */
int blockfile_check(struct blockfile *b, struct buf *note, struct fault *fault) A_MUST_CHECK;

/* Makes the one that is missing: sparse, for its user alone. EX_CANTCREAT. */
int blockfile_make(struct blockfile *b, struct fault *fault) A_MUST_CHECK;

/* Removes what blockfile_make has made. */
void blockfile_undo(struct blockfile *b);

#endif
