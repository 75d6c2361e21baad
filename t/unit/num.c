#include "core/num.h"

#include "tap.h"

#include <inttypes.h>

static void test_accepted(void)
{
	static const struct {
		const char *text;
		uint64_t min, max, want;
	} cases[] = {
	    {"0", 0, 0, 0},
	    {"1", 0, 10, 1},
	    {"10", 0, 10, 10},
	    {"10", 10, 10, 10},
	    {"1000000", 0, UINT64_MAX, 1000000},
	    {"65535", 1, 65535, 65535},
	    {"9223372036854775808", 0, UINT64_MAX, (uint64_t)INT64_MAX + 1},
	    {"18446744073709551614", 0, UINT64_MAX, UINT64_MAX - 1},
	    {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t n = 12345;

		is_int(num_parse(cases[i].text, cases[i].min, cases[i].max, &n), NUM_OK,
		    "%s within %" PRIu64 "-%" PRIu64, cases[i].text, cases[i].min, cases[i].max);
		ok(n == cases[i].want, "%s is read as %" PRIu64, cases[i].text, n);
	}
}

static void refuse(const char *text, uint64_t min, uint64_t max, enum num_error want)
{
	uint64_t n = 12345;

	is_int(num_parse(text, min, max, &n), want, "'%s' is a %s error", text,
	    want == NUM_SYNTAX ? "syntax" : "range");
	ok(n == 12345, "and leaves the number alone");
}

static void test_refused(void)
{
	static const char *const bad[] = {"", "00", "01", "007", "-1", "+1", "-0", " 1", "1 ",
	    "1.0", "1e3", "0x10", "1_000", "1,000", "a", "1a", "1:", "1/", ":", "a1", "\xd9\xa1",
	    "1\n", "-", "0 ", "0b1", "99999999999999999999x"};
	static const struct {
		const char *text;
		uint64_t min, max;
	} outside[] = {
	    {"0", 1, 10},
	    {"11", 0, 10},
	    {"9", 10, 10},
	    {"65536", 1, 65535},
	    {"18446744073709551616", 0, UINT64_MAX},
	    {"18446744073709551620", 0, UINT64_MAX},
	    {"18446744073709551625", 0, UINT64_MAX},
	    {"18446744073709551617", 1, 1},
	    {"100000000000000000000000000000000000000", 0, UINT64_MAX},
	    {"18446744073709551615", 0, UINT64_MAX - 1},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (strchr(bad[i], '\n') || strchr(bad[i], '\xd9'))
			is_int(num_parse(bad[i], 0, 9, &(uint64_t){0}), NUM_SYNTAX,
			    "bytes that only look like a digit");
		else
			refuse(bad[i], 0, UINT64_MAX, NUM_SYNTAX);
	for (size_t i = 0; i < COUNT_OF(outside); i++)
		refuse(outside[i].text, outside[i].min, outside[i].max, NUM_RANGE);
}

static void test_bytes(void)
{
	static const char text[] = "80:443";
	uint64_t n = 12345;

	is_int(num_parse_bytes(text, 2, 1, 65535, &n), NUM_OK, "what is in front of something");
	ok(n == 80, "is read");
	is_int(num_parse_bytes(text, 3, 1, 65535, &n), NUM_SYNTAX, "nothing else may be in it");
	is_int(num_parse_bytes(text, 0, 0, 65535, &n), NUM_SYNTAX, "nothing is no number");
	is_int(num_parse_bytes("1\0002", 3, 0, 65535, &n), NUM_SYNTAX, "nor is a NUL a digit");
	is_int(num_parse_bytes("70000 ", 5, 1, 65535, &n), NUM_RANGE, "too large");
	ok(n == 80, "and the number is left alone");
}

int main(void)
{
	test_accepted();
	test_refused();
	test_bytes();
	return tap_end();
}
