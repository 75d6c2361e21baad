#include "core/strset.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct strset_entry {
	const char *string; /* in the arena */
	uint32_t hash;      /* sixteen bytes an entry: the table is what costs time, by its size */
	uint32_t number;
};

void strset_free(struct strset *s)
{
	free(s->entries);
	arena_free(&s->strings);
	*s = (struct strset){0};
}

/* A multiply-and-fold over eight bytes at a time, keyed by the seed at every step. */
static uint32_t hash(const struct strset *s, const char *string)
{
	uint64_t h = s->seed;
	size_t left = strlen(string);

	while (left) {
		uint64_t word = 0;
		size_t take = left < 8 ? left : 8;
		__uint128_t product;

		memcpy(&word, string, take);
		product = (__uint128_t)(h ^ word) * (s->seed | 1);
		h = (uint64_t)product ^ (uint64_t)(product >> 64) ^ take;
		string += take;
		left -= take;
	}
	return (uint32_t)(h ^ h >> 32);
}

static struct strset_entry *find(const struct strset *s, uint32_t h, const char *string)
{
	size_t i = h & (s->room - 1);

	while (s->entries[i].string &&
	       (s->entries[i].hash != h || strcmp(s->entries[i].string, string)))
		i = (i + 1) & (s->room - 1);
	return &s->entries[i];
}

static void grow(struct strset *s)
{
	struct strset_entry *old = s->entries;
	size_t room = s->room;

	if (!s->seed && getrandom(&s->seed, sizeof s->seed, 0) != sizeof s->seed)
		s->seed = 0x9e3779b97f4a7c15u; /* no entropy: still correct, only guessable */
	s->room = room ? room * 2 : 64;
	s->entries = mem_zeroed(s->room, sizeof *s->entries);
	for (size_t i = 0; i < room; i++)
		if (old[i].string)
			*find(s, old[i].hash, old[i].string) = old[i];
	free(old);
}

bool strset_add(struct strset *s, const char *string, uint32_t *number)
{
	struct strset_entry *entry;
	uint32_t h;

	if ((s->count + 1) * 4 > s->room * 3)
		grow(s);
	h = hash(s, string);
	entry = find(s, h, string);
	if (entry->string) {
		*number = entry->number;
		return false;
	}
	*entry = (struct strset_entry){arena_copy(&s->strings, string, strlen(string)), h, *number};
	s->count++;
	return true;
}

bool strset_has(const struct strset *s, const char *string)
{
	return s->room && find(s, hash(s, string), string)->string;
}
