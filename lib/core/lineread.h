/*
 * Lines from a descriptor, with a limit. One allocation of a fixed size, no copies: a line is
 * borrowed until the next call. Memory use doesn't depend on the input.
 */
#ifndef MIRARI_CORE_LINEREAD_H
#define MIRARI_CORE_LINEREAD_H

#include "core/attr.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_MAX_BYTES = 65535 };

struct lineread {
	int fd;           /* borrowed */
	const char *name; /* borrowed; for messages: "standard input" */
	size_t line;      /* the number of the line returned last, from 1 */
	char *bytes;      /* owned */
	size_t start;
	size_t end;
	bool ended;
};

void lineread_start(struct lineread *r, int fd, const char *name);
void lineread_free(struct lineread *r);

/* 1: *line (NUL-terminated, without its LF) and *length are set. 0: the input ended behind a LF, or
 * was empty. -1: read error, a line longer than LINE_MAX_BYTES, or an end in the middle of one. */
int lineread_next(
    struct lineread *r, char **line, size_t *length, struct fault *fault) A_MUST_CHECK;

#endif
