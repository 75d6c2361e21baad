#include "model/size.h"

#include "tap.h"

#include "model/value.h"

int main(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {{"1", 1}, {"512", 512}, {"1K", 1024}, {"64M", 64ULL << 20}, {"3G", 3ULL << 30},
	    {"2T", 2ULL << 40}, {"67108864", 64ULL << 20}, {"8388607T", 8388607ULL << 40},
	    {"9223372036854775807", INT64_MAX}};
	static const char *const bad[] = {"", "0", "0M", "M", "1m", "1MB", "1 M", " 1", "-1",
	    "1.5G", "01", "1P", "8388608T", "9223372036854775808", "99999999999999999999", "1K1"};
	const struct value_rule rule = {.type = VALUE_SIZE};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal = NULL;
		uint64_t got = 0;

		ok(size_parse(good[i].text, &got) && got == good[i].want, "%s", good[i].text);
		ok(value_check(&rule, good[i].text, &normal, &expected), "as a record has it");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal = NULL;
		uint64_t got;

		ok(!size_parse(bad[i], &got), "'%s' is no size", bad[i]);
		ok(!value_check(&rule, bad[i], &normal, &expected), "nor in a record");
	}
	return tap_end();
}
