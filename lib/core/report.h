/*
 * Everything that is wrong with a file, not only the first thing: lines for people, as compilers
 * write them.
 *
 *     FILE:LINE:COLUMN: error: what is wrong, and what was expected
 */
#ifndef MIRARI_CORE_REPORT_H
#define MIRARI_CORE_REPORT_H

#include "core/attr.h"
#include "core/buf.h"

#include <stddef.h>

/* Where something is: line and column count from 1, columns in characters; 0 is "the file". */
struct place {
	const char *file; /* borrowed */
	size_t line;
	size_t column;
};

struct report {
	struct buf lines;
	size_t errors;
	size_t warnings;
};

void report_free(struct report *r);
void report_error(struct report *r, struct place at, const char *format, ...) A_PRINTF(3, 4);
void report_warning(struct report *r, struct place at, const char *format, ...) A_PRINTF(3, 4);

#endif
