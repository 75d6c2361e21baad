#include "core/arena.h"

#include "tap.h"

static void test_copies(void)
{
	struct arena a = {0};
	char word[] = "word";
	const char *copy, *nothing;

	arena_free(&a);
	copy = arena_copy(&a, word, 4);
	nothing = arena_copy(&a, NULL, 0);
	word[0] = 'W';
	is_str(copy, "word", "a copy, ended with a NUL");
	is_str(nothing, "", "nothing is the empty string");
	is_str(arena_copy(&a, "words", 3), "wor", "part of a string");
	ok(!memcmp(arena_copy(&a, "a\0b", 3), "a\0b", 4), "a NUL inside is copied");
	is_str(arena_copy(&a, copy, 4), "word", "a string of the arena itself");
	arena_free(&a);
	arena_free(&a);
	ok(!a.chunks, "freed twice, it is empty");
	is_str(arena_copy(&a, "again", 5), "again", "a freed arena can be used again");
	arena_free(&a);
}

/* Lengths that fill chunks to the last byte, and some that no chunk has room for. */
static void test_stay(void)
{
	static const size_t lengths[] = {4095, 0, 1 << 18, (1 << 18) - 1, 1, (1 << 18) - 2, 0, 4094,
	    4096, 1000000, 7, (1 << 18) - 9, 0, 1};
	enum { ROUNDS = 20 };
	static const char *kept[ROUNDS][COUNT_OF(lengths)];
	static char bytes[1000000];
	struct arena a = {0};
	bool same = true;

	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < COUNT_OF(lengths); j++) {
			memset(bytes, (int)('A' + i + j), lengths[j]);
			kept[i][j] = arena_copy(&a, bytes, lengths[j]);
		}
	for (size_t i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < COUNT_OF(lengths); j++) {
			memset(bytes, (int)('A' + i + j), lengths[j]);
			same = same && strlen(kept[i][j]) == lengths[j] &&
			       !memcmp(kept[i][j], bytes, lengths[j]);
		}
	ok(same, "strings of all lengths stay as and where they were");
	arena_free(&a);
}

int main(void)
{
	test_copies();
	test_stay();
	return tap_end();
}
