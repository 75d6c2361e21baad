#include "core/printable.h"

#include "tap.h"

static const struct {
	const char *text, *want;
} cases[] = {
    {"", ""},
    {"plain text, a\ttab", "plain text, a\ttab"},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"\x1b[31mred", "?[31mred"},
    {"a\nmirari: b", "a?mirari: b"},
    {"a\r\nb", "a??b"},
    {"\a\b\v\f\x01\x1f", "??????"},
    {"\x7f", "?"},
    {"\x9b", "?"},
    {"\xc2\x9b[31m", "?[31m"},
    {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"},
    {"\xff\xfe", "??"},
    {"\xc3", "?"},
    {"\xc3z", "?z"},
    {"\xe2\x82", "??"},
    {"\xe2\x82z", "??z"},
    {"\xc0\x8a", "??"},
    {"\xed\xa0\x80", "???"},
};

int main(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	int wrong = 0;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf one A_CLEANUP(buf_free) = {0};

		printable_add(&one, cases[i].text);
		is_str(buf_str(&one), cases[i].want, "text %zu", i);
	}
	buf_adds(&b, "before\n");
	printable_add(&b, "a\nb");
	is_str(buf_str(&b), "before\na?b", "it is appended, and what was there stays");
	for (int c = 1; c < 256; c++) {
		char text[] = {(char)c, '\0'};
		bool printable = (c >= ' ' && c <= '~') || c == '\t';

		buf_clear(&b);
		printable_add(&b, text);
		wrong += b.length != 1 || (b.bytes[0] == '?') != (!printable || c == '?');
	}
	is_int(wrong, 0, "every byte alone");
	return tap_end();
}
