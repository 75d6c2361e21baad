/* Which file is the configuration. */
#ifndef MIRARI_MODEL_LOCATE_H
#define MIRARI_MODEL_LOCATE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>

struct located {
	struct buf path;  /* to open it */
	struct buf shown; /* for messages: as it was given */
	struct buf file;  /* absolute; empty for standard input and pipes */
	struct buf dir;   /* absolute, without symbolic links */
	bool is_stdin;
	bool is_conf; /* the format of 2013, by its name */
};

void located_free(struct located *l);

/* `file` as given; "-" is standard input; a pipe is read as that is; a directory is looked into;
 * NULL is the working directory: there mirari.yml, else the only *.conf as in 2013. Several or none
 * is a fault (EX_DATAERR) that lists what was seen. */
int locate_config(const char *file, struct located *into, struct fault *fault) A_MUST_CHECK;

#endif
