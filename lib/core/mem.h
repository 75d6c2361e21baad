/*
 * Allocation for the owners of heap memory (buf, strv, rec, strset): it succeeds or the program
 * ends with a message and EX_OSERR. Tools live for seconds; there is nothing to save.
 */
#ifndef MIRARI_CORE_MEM_H
#define MIRARI_CORE_MEM_H

#include "core/attr.h"

#include <stddef.h>

/* Room for count members of the given size; overflow of the product is treated as no memory. */
void *mem_resize(void *old, size_t count, size_t size) A_MUST_CHECK;
void *mem_zeroed(size_t count, size_t size) A_MUST_CHECK;

/* A NUL-terminated copy of the first length bytes. */
char *mem_copy(const char *bytes, size_t length) A_MUST_CHECK;

#endif
