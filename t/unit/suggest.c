#include "core/suggest.h"

#include "tap.h"

/* The suggestion for a word among up to four others. */
static const char *among(const char *wrong, const char *const *candidates)
{
	struct suggest s;

	suggest_start(&s, wrong);
	while (*candidates)
		suggest_offer(&s, *candidates++);
	return s.best;
}

static void test_near(void)
{
	static const struct {
		const char *wrong, *right;
	} cases[] = {
	    {"memory", "memory"},
	    {"memroy", "memory"},
	    {"memry", "memory"},
	    {"memoryy", "memory"},
	    {"nemory", "memory"},
	    {"emory", "memory"},
	    {"mamori", "memory"},
	    {"configre", "configure"},
	    {"ocnfigrue", "configure"},
	    {"conigur", "configure"},
	    {"tpa", "tap"},
	    {"tab", "tap"},
	    {"ta", "tap"},
	    {"tapp", "tap"},
	    {"set", "get"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is_str(among(cases[i].wrong, (const char *const[]){cases[i].right, NULL}),
		    cases[i].right, "%s is near %s", cases[i].wrong, cases[i].right);
}

static void test_far(void)
{
	static const struct {
		const char *wrong, *right;
	} cases[] = {
	    {"zzz", "memory"},
	    {"moryme", "memory"},
	    {"", "memory"},
	    {"", "a"},
	    {"memory", ""},
	    {"x", "y"},
	    {"pat", "tap"},
	    {"xxp", "tap"},
	    {"tapestry", "tap"},
	    {"cfg", "configure"},
	    {"MEMORY", "memory"},
	    /* two of four and three of seven are more than a third */
	    {"naem2", "name"},
	    {"nwmx", "name"},
	    {"pckgges", "package"},
	    {"dxpxnxs", "depends"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is_str(among(cases[i].wrong, (const char *const[]){cases[i].right, NULL}), NULL,
		    "'%s' is not near '%s'", cases[i].wrong, cases[i].right);
}

static void test_choice(void)
{
	struct suggest s;

	is_str(among("buidl", (const char *const[]){"run", "build", "building", NULL}), "build",
	    "the nearest is taken");
	is_str(among("targt", (const char *const[]){"targets", "target", NULL}), "target",
	    "a nearer one replaces an earlier");
	is_str(among("target", (const char *const[]){"targets", "target", NULL}), "target",
	    "nothing is nearer than itself");
	is_str(among("abcdeX", (const char *const[]){"abcdef", "abcdeg", NULL}), "abcdef",
	    "the first of equals stays");
	is_str(among("abcdeX", (const char *const[]){"abcdeg", "abcdef", NULL}), "abcdeg",
	    "in either order");
	is_str(among("--cpuse", (const char *const[]){"--cpus", "--cpuset", NULL}), "--cpuset",
	    "of equals one that was only not finished");
	is_str(among("--cpuse", (const char *const[]){"--cpuset", "--cpus", NULL}), "--cpuset",
	    "in either order");
	is_str(among("x", (const char *const[]){NULL}), NULL, "without candidates there is none");
	suggest_start(&s, "memroy");
	suggest_offer(&s, "memory");
	is_int((long long)s.distance, 1, "a swap of neighbours counts once");
	suggest_start(&s, "mmeoyr");
	suggest_offer(&s, "memory");
	is_int((long long)s.distance, 2, "two swaps count twice");
}

static void test_long(void)
{
	char word[49], other[49], huge[100000];

	memset(word, 'w', sizeof word);
	word[48] = '\0';
	memcpy(other, word, sizeof other);
	other[0] = 'o';
	is_str(among(other, (const char *const[]){word, NULL}), word, "words of 48 bytes");
	memset(huge, 'w', sizeof huge);
	huge[sizeof huge - 1] = '\0';
	is_str(among(huge, (const char *const[]){word, NULL}), NULL, "a huge word has none");
	is_str(among(word, (const char *const[]){huge, NULL}), NULL, "a huge candidate is none");
}

int main(void)
{
	test_near();
	test_far();
	test_choice();
	test_long();
	return tap_end();
}
