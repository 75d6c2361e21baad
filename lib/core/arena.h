/*
 * Strings that are kept until all of them go, in chunks that never move: what is handed out may be
 * borrowed for as long as the arena lives. A zeroed arena is a valid empty one.
 */
#ifndef MIRARI_CORE_ARENA_H
#define MIRARI_CORE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* owned */
};

void arena_free(struct arena *a);

/* A NUL-terminated copy of the bytes. */
const char *arena_copy(struct arena *a, const char *bytes, size_t length);

#endif
