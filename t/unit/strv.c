#include "core/strv.h"

#include "tap.h"

#include <wchar.h>

static void test_empty(void)
{
	struct strv v = {0};

	ok(strv_argv(&v) && !strv_argv(&v)[0], "an empty list is an argv of nothing");
	ok(!strv_has(&v, ""), "an empty list has no empty string");
	strv_sort(&v);
	strv_add_all(&v, &(struct strv){0});
	strv_add_words(&v, (const char *const[]){NULL});
	is_int((long long)v.count, 0, "sorting and adding nothing leaves it empty");
	strv_free(&v);
	strv_free(&v);
	ok(!v.items && !v.count, "freed twice, it is empty");
	strv_add(&v, "x");
	is_int((long long)v.count, 1, "a freed list can be used again");
	strv_free(&v);
}

static void test_adding(void)
{
	struct strv v A_CLEANUP(strv_free) = {0}, w A_CLEANUP(strv_free) = {0};
	char word[] = "first";
	char *const *argv;

	strv_add(&v, word);
	word[0] = 'F';
	strv_addf(&v, "%s-%d", "two", 2);
	strv_add_bytes(&v, "third!", 5);
	strv_list(&v, "", "last");
	is_int((long long)v.count, 5, "each was added");
	is_str(v.items[0], "first", "a copy, not the caller's string");
	is_str(v.items[1], "two-2", "formatted");
	is_str(v.items[2], "third", "of a length");
	is_str(v.items[3], "", "an empty string");
	ok(strv_has(&v, "last") && strv_has(&v, ""), "has finds what was added");
	ok(!strv_has(&v, "las") && !strv_has(&v, "last ") && !strv_has(&v, "Last"),
	    "has finds only whole words");
	argv = strv_argv(&v);
	ok(argv[4] && !argv[5], "argv ends with a NULL");
	strv_add(&w, "w");
	strv_add_all(&w, &v);
	strv_free(&v);
	is_int((long long)w.count, 6, "add_all adds all");
	ok(!strcmp(w.items[0], "w") && !strcmp(w.items[1], "first") && !strcmp(w.items[5], "last"),
	    "behind what was there, in order, as copies");
}

static void test_many(void)
{
	struct strv v A_CLEANUP(strv_free) = {0};
	bool ended = true, same = true;

	strv_add(&v, "the first one");
	for (size_t i = 1; i < 10000; i++) {
		/* a string of the list itself, while the list may move */
		strv_add(&v, v.items[0]);
		ended = ended && !strv_argv(&v)[i + 1];
	}
	for (size_t i = 0; i < v.count; i++)
		same = same && !strcmp(v.items[i], "the first one");
	ok(ended, "a NULL is behind the last of 10000 all the way");
	ok(same && v.count == 10000, "and each is what was added");
}

static void test_sort(void)
{
	struct strv v A_CLEANUP(strv_free) = {0};
	static const char *const want[] = {
	    "", "-", "10", "9", "A", "Z", "a", "a", "aa", "b", "\xc3\xa9", "\xff"};

	strv_list(&v, "b", "\xff", "a", "Z", "", "aa", "10", "\xc3\xa9", "9", "A", "-", "a");
	strv_sort(&v);
	for (size_t i = 0; i < COUNT_OF(want); i++)
		is_str(v.items[i], want[i], "place %zu by byte value", i);
	ok(!strv_argv(&v)[COUNT_OF(want)], "the NULL stays last");
}

static void test_unformattable(void)
{
	struct strv v A_CLEANUP(strv_free) = {0};
	size_t length;

	strv_addf(&v, "%lc", (wint_t)0x20ac); /* no such character in the C locale */
	length = v.count ? strlen(v.items[0]) : 0;
	is_int((long long)length, 0, "what printf can't format adds no text");
}

int main(void)
{
	test_empty();
	test_adding();
	test_many();
	test_sort();
	test_unformattable();
	return tap_end();
}
