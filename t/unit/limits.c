#include "model/limits.h"

#include "tap.h"

static void test_cpus(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {{"1", 1000}, {"2", 2000}, {"0.5", 500}, {"0.01", 10}, {"1.25", 1250},
	    {"1.234", 1234}, {"0.010", 10}, {"8192", 8192000}, {"3.0", 3000}};
	static const char *const bad[] = {"", "0", "0.0", "0.009", ".5", "1.", "1.2345", "-1",
	    "1,5", "1e3", " 1", "1 ", "8193", "01", "1.5.5", "1x", "x"};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		uint64_t got = 0;

		is_int(limits_cpus(good[i].text, &got), true, "%s", good[i].text);
		is_int((long long)got, (long long)good[i].want, "in thousandths");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		uint64_t got = 77;

		ok(!limits_cpus(bad[i], &got) && got == 77, "'%s' is no number of them", bad[i]);
	}
}

static void test_cpuset(void)
{
	static const struct {
		const char *text;
		int count;
		int has[4];
	} good[] = {{"0", 1, {0, 0, 0, 0}}, {"0-3", 4, {0, 1, 2, 3}}, {"0,2", 2, {0, 2, 2, 2}},
	    {"0-1,8", 3, {0, 1, 8, 8}}, {"8191", 1, {8191, 8191, 8191, 8191}},
	    {"1-1,1", 1, {1, 1, 1, 1}}, {"1023-1026", 4, {1023, 1024, 1025, 1026}},
	    {"0-8191", 8192, {0, 64, 1024, 8191}}};
	static const char *const bad[] = {"", ",", "0,", ",0", "0-", "-1", "3-0", "0--1", "0-1-2",
	    "8192", "0-8192", "a", "0 1", "0-3:2/4", " 0", "0\n", "00"};
	static struct processors set;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		ok(limits_cpuset(good[i].text, &set), "%s", good[i].text);
		is_int(CPU_COUNT_S(sizeof set.sets, set.sets), good[i].count, "so many");
		for (size_t k = 0; k < COUNT_OF(good[i].has); k++)
			ok(CPU_ISSET_S((size_t)good[i].has[k], sizeof set.sets, set.sets),
			    "with %d", good[i].has[k]);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ok(!limits_cpuset(bad[i], &set), "list %zu is none", i);
}

int main(void)
{
	test_cpus();
	test_cpuset();
	return tap_end();
}
