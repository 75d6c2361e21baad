#include "core/arena.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t room;
	char bytes[];
};

/* The first one is small: most records are. */
enum { FIRST_CHUNK = 4096, CHUNK = 1 << 18 };

void arena_free(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
}

static struct arena_chunk *chunk_for(struct arena *a, size_t length)
{
	struct arena_chunk *chunk = a->chunks;
	size_t room = chunk ? CHUNK : FIRST_CHUNK;

	if (chunk && chunk->room - chunk->used >= length)
		return chunk;
	if (room < length)
		room = length;
	chunk = mem_resize(NULL, sizeof *chunk + room, 1);
	*chunk = (struct arena_chunk){.next = a->chunks, .room = room};
	a->chunks = chunk;
	return chunk;
}

const char *arena_copy(struct arena *a, const char *bytes, size_t length)
{
	struct arena_chunk *chunk = chunk_for(a, length + 1);
	char *copy = chunk->bytes + chunk->used;

	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	chunk->used += length + 1;
	return copy;
}
