#include "core/buf.h"

#include "tap.h"

#include <malloc.h>
#include <stdint.h>

static void test_empty(void)
{
	struct buf b = {0};

	is_str(buf_str(&b), "", "a zeroed buf reads as the empty string");
	ok(!buf_over(&b), "a zeroed buf is not over");
	buf_clear(&b);
	is_str(buf_str(&b), "", "a zeroed buf can be cleared");
	buf_free(&b);
	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	buf_printf(&b, "%s", "");
	is_int((long long)b.length, 0, "adding nothing leaves it empty");
	is_str(buf_str(&b), "", "and it reads as the empty string");
	buf_free(&b);
	buf_free(&b);
	ok(!b.bytes && !b.length && !b.room, "freed twice, it is empty");
	buf_adds(&b, "again");
	is_str(buf_str(&b), "again", "a freed buf can be used again");
	buf_free(&b);
}

static void test_adding(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	buf_adds(&b, "one");
	buf_addc(&b, ' ');
	buf_printf(&b, "%d-%s", 2, "two");
	is_str(buf_str(&b), "one 2-two", "adds, addc and printf append");
	is_int((long long)b.length, 9, "the length counts them");
	buf_add(&b, "a\0b", 3);
	buf_addc(&b, '\0');
	is_int((long long)b.length, 13, "NUL bytes count");
	ok(!memcmp(buf_str(&b), "one 2-twoa\0b\0", 14), "NUL bytes are kept, and one ends it");
	buf_clear(&b);
	is_str(buf_str(&b), "", "cleared, it reads as the empty string");
	ok(b.length == 0 && b.room > 0, "cleared, it keeps its memory");
	buf_adds(&b, "x");
	is_str(buf_str(&b), "x", "nothing old comes back");
}

static void test_growth(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	bool ended = true, same = true;

	for (size_t i = 0; i < 300000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		ended = ended && buf_str(&b)[i + 1] == '\0';
	}
	for (size_t i = 0; i < 300000; i++)
		same = same && b.bytes[i] == (char)('a' + i % 26);
	ok(ended, "it ends with a NUL after each of 300000 bytes");
	ok(same && b.length == 300000, "and holds every one of them");
}

static void test_printf_lengths(void)
{
	bool good = true;

	for (int length = 0; length < 300; length++) {
		struct buf b A_CLEANUP(buf_free) = {0};

		buf_printf(&b, "%*s", length, "");
		buf_printf(&b, "%s", "");
		good = good && b.length == (size_t)length && strlen(buf_str(&b)) == b.length;
	}
	ok(good, "printf of every length from 0 to 299");
}

static void test_maximum(void)
{
	struct buf b A_CLEANUP(buf_free) = {.max = 10};

	buf_adds(&b, "0123456789");
	is_str(buf_str(&b), "0123456789", "a buf takes exactly its maximum");
	ok(!buf_over(&b), "and is not over then");
	buf_adds(&b, "");
	ok(!buf_over(&b), "nor when nothing is added");
	buf_addc(&b, 'x');
	ok(buf_over(&b), "one byte more is over");
	is_str(buf_str(&b), "0123456789", "and is not added");
	buf_clear(&b);
	ok(!buf_over(&b), "clear takes `over` back");
	buf_adds(&b, "12345678");
	buf_adds(&b, "abc");
	is_str(buf_str(&b), "12345678", "an add that would pass the maximum adds none of it");
	buf_addc(&b, '9');
	buf_adds(&b, "9");
	buf_printf(&b, "%d", 9);
	ok(!buf_reserve(&b, 1), "once over, there is no room for what would fit");
	is_str(buf_str(&b), "12345678", "once over, later adds do nothing");
	ok(buf_over(&b), "over is sticky");
	buf_free(&b);
	ok(!buf_over(&b) && b.max == 10, "free takes `over` back and keeps the maximum");
}

/* A width that no compiler lets through as a literal. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void print_too_wide(struct buf *b)
{
	char format[] = "%2147483648d";

	buf_printf(b, format, 1);
}
#pragma GCC diagnostic pop

static void test_maximum_printf(void)
{
	struct buf b A_CLEANUP(buf_free) = {.max = 5};

	buf_printf(&b, "%s", "12345");
	is_str(buf_str(&b), "12345", "printf fills it to the maximum");
	buf_printf(&b, "%s", "6");
	ok(buf_over(&b), "printf past the maximum is over");
	is_str(buf_str(&b), "12345", "and adds nothing");
	buf_free(&b);
	print_too_wide(&b);
	ok(buf_over(&b), "printf of more than an int can count is over");
}

static void test_maximum_default(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	ok(!buf_reserve(&b, BUF_MAX + 1), "no buf takes more than BUF_MAX");
	ok(buf_over(&b) && !b.bytes, "it is over, and nothing was allocated");
	buf_clear(&b);
	ok(!buf_reserve(&b, SIZE_MAX) && buf_over(&b), "the largest size_t is no room");
	buf_clear(&b);
	buf_adds(&b, "12345");
	ok(!buf_reserve(&b, SIZE_MAX - 2) && buf_over(&b), "a sum that overflows is no room");
	is_str(buf_str(&b), "12345", "what was there stays");
}

static void test_reserve(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	char *end;

	end = buf_reserve(&b, 1000);
	ok(end != NULL, "room in an empty buf");
	ok(buf_str(&b)[0] == '\0', "reserved and not used, it reads as the empty string");
	memset(end, 'r', 1000);
	buf_grew(&b, 3);
	is_str(buf_str(&b), "rrr", "only what was counted is there");
	end = buf_reserve(&b, 0);
	ok(end == b.bytes + 3, "no room is at the end, too");
	end = buf_reserve(&b, 100000);
	is_str(buf_str(&b), "rrr", "what is there survives the growth");
	memset(end, 's', 100000);
	buf_grew(&b, 100000);
	ok(b.length == 100003 && strlen(buf_str(&b)) == 100003, "all of the room can be used");
}

int main(void)
{
	/* fresh memory holds rubbish, as it does in a long run */
	mallopt(M_PERTURB, 0x5a);
	test_empty();
	test_adding();
	test_growth();
	test_printf_lengths();
	test_maximum();
	test_maximum_printf();
	test_maximum_default();
	test_reserve();
	return tap_end();
}
