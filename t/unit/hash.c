#include "core/hash.h"

#include "tap.h"

#include <inttypes.h>

/* Vectors of the FNV reference code: http://www.isthe.com/chongo/src/fnv/test_fnv.c */
static const struct {
	const char *bytes;
	size_t length;
	uint64_t want;
} cases[] = {
    {"", 0, 0xcbf29ce484222325u},
    {"a", 1, 0xaf63dc4c8601ec8cu},
    {"foobar", 6, 0x85944171f73967e8u},
    {"\0", 1, 0xaf63bd4c8601b7dfu},
};

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = hash_bytes(cases[i].bytes, cases[i].length);

		ok(got == cases[i].want, "vector %zu: %016" PRIx64, i, got);
	}
	ok(hash_bytes("\xff\x80", 2) != hash_bytes("\x80\xff", 2), "the order of bytes counts");
	ok(hash_bytes("ab", 2) != hash_bytes("ab", 3), "so does their number");
	return tap_end();
}
