#include "core/strset.h"

#include "tap.h"

#include <inttypes.h>

enum { MANY = 100000 };

static void test_empty(void)
{
	struct strset s = {0};

	ok(!strset_has(&s, ""), "an empty set has no empty string");
	ok(!strset_has(&s, "x"), "nor any other");
	strset_free(&s);
	strset_free(&s);
	is_int((long long)s.count, 0, "freed twice, it is empty");
}

static void test_adding(void)
{
	struct strset s = {0};
	char word[] = "word";
	uint32_t number = 7;

	ok(strset_add(&s, word, &number), "a new string is new");
	is_int((long long)number, 7, "the number stays the caller's");
	word[0] = 'W';
	ok(strset_has(&s, "word") && !strset_has(&s, word), "the set has a copy");
	number = 9;
	ok(!strset_add(&s, "word", &number), "the second time it is not new");
	is_int((long long)number, 7, "and the number is the first one's");
	number = 9;
	ok(!strset_add(&s, "word", &number) && number == 7, "nor the third time");
	is_int((long long)s.count, 1, "it counts once");
	number = 0;
	ok(strset_add(&s, "", &number), "an empty string can be added");
	ok(strset_has(&s, ""), "and found");
	number = 5;
	ok(!strset_add(&s, "", &number) && number == 0, "once, with its number 0");
	strset_free(&s);
	ok(!strset_has(&s, "word"), "nothing is left when freed");
	number = 1;
	ok(strset_add(&s, "word", &number), "a freed set can be used again");
	ok(s.seed != 0, "the hash has a seed");
	strset_free(&s);
}

/* Strings that differ only in length, around the eight bytes that are hashed at a time. */
static void test_lengths(void)
{
	struct strset s = {0};
	char text[101];
	bool new = true, old = true;

	memset(text, 'a', sizeof text - 1);
	text[100] = '\0';
	for (uint32_t i = 0; i <= 100; i++)
		new = strset_add(&s, text + i, &(uint32_t){i}) && new;
	for (size_t i = 0; i <= 100; i++) {
		uint32_t number = 1000;

		old = !strset_add(&s, text + i, &number) && number == i && old;
	}
	ok(new, "prefixes of each other are different strings");
	ok(old, "each is found with its number");
	text[99] = 'b';
	ok(!strset_has(&s, text), "a difference in the last byte counts");
	text[99] = 'a';
	text[0] = '\xff';
	ok(!strset_has(&s, text), "one in the first byte, too");
	strset_free(&s);
}

static void test_many(void)
{
	struct strset s = {0};
	char text[32];
	size_t new = 0, old = 0, missing = 0, stray = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "net.device%" PRIu32 ".host", i);
		new += strset_add(&s, text, &(uint32_t){i});
	}
	for (size_t i = 0; i < MANY; i++) {
		uint32_t number = MANY;

		snprintf(text, sizeof text, "net.device%zu.host", i);
		missing += !strset_has(&s, text);
		old += !strset_add(&s, text, &number) && number == i;
		snprintf(text, sizeof text, "net.device%zu.Host", i);
		stray += strset_has(&s, text);
	}
	is_int((long long)new, MANY, "100000 strings are new");
	is_int((long long)missing, 0, "none is missing");
	is_int((long long)old, MANY, "each is found with its number");
	is_int((long long)stray, 0, "others are not found");
	is_int((long long)s.count, MANY, "they are counted");
	strset_free(&s);
}

int main(void)
{
	test_empty();
	test_adding();
	test_lengths();
	test_many();
	return tap_end();
}
