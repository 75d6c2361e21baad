/*
 * Checks in a child, whose exit status is all that the plan knows of it: CHECK(good) says what
 * failed, with `fault`, which the file has, and ends the function with 1.
 */
#ifndef MIRARI_T_CHILDCHECK_H
#define MIRARI_T_CHILDCHECK_H

#include "core/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHECK(good) \
	do { \
		if (!(good)) \
			return childcheck_failed(__FILE__, __LINE__, &fault); \
	} while (0)

static inline int childcheck_failed(const char *file, int line, const struct fault *why)
{
	printf("# in a child: %s:%d: %s (%s)\n", file, line, why->text, strerror(errno));
	fflush(stdout);
	return 1;
}

#endif
