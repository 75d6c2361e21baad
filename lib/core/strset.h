/*
 * A set of strings, for finding duplicates in input of any size. It keeps copies. The hash is
 * seeded per process, so that a file cannot be made to collide. A zeroed strset is a valid empty
 * one.
 */
#ifndef MIRARI_CORE_STRSET_H
#define MIRARI_CORE_STRSET_H

#include "core/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strset_entry;

struct strset {
	struct strset_entry *entries; /* owned */
	struct arena strings;
	size_t count;
	size_t room;
	uint64_t seed;
};

void strset_free(struct strset *s);

/* Adds the string with a number of the caller's (a line, say). True when it was not there yet;
 * else *number is set to the number it was added with. */
bool strset_add(struct strset *s, const char *string, uint32_t *number);

bool strset_has(const struct strset *s, const char *string);

#endif
