#include "core/utf8.h"

#include "tap.h"

#include <stdint.h>

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
	const char *bytes;
	size_t length;
	bool valid;
} cases[] = {
    {TEXT(""), true},
    {TEXT("plain"), true},
    {TEXT("\0"), true},
    {TEXT("\x7f"), true},
    {TEXT("\xc2\x80"), true},
    {TEXT("\xdf\xbf"), true},
    {TEXT("\xe0\xa0\x80"), true},
    {TEXT("\xed\x9f\xbf"), true},
    {TEXT("\xee\x80\x80"), true},
    {TEXT("\xef\xbf\xbf"), true},
    {TEXT("\xf0\x90\x80\x80"), true},
    {TEXT("\xf4\x8f\xbf\xbf"), true},
    {TEXT("a\xc3\xa9z\xe2\x82\xac"), true},
    {TEXT("\x80"), false},
    {TEXT("\xbf"), false},
    {TEXT("\xc0\x80"), false},
    {TEXT("\xc1\xbf"), false},
    {TEXT("\xe0\x9f\xbf"), false},
    {TEXT("\xf0\x8f\xbf\xbf"), false},
    {TEXT("\xed\xa0\x80"), false},
    {TEXT("\xed\xbf\xbf"), false},
    {TEXT("\xf4\x90\x80\x80"), false},
    {TEXT("\xf5\x80\x80\x80"), false},
    {TEXT("\xf8\x88\x80\x80\x80"), false},
    {TEXT("\xfe"), false},
    {TEXT("\xff"), false},
    {TEXT("\xc3"), false},
    {TEXT("\xe2\x82"), false},
    {TEXT("\xf0\x9f\x98"), false},
    {TEXT("\xc3z"), false},
    {TEXT("\xe2z\xac"), false},
    {TEXT("\xe2\x82z"), false},
    {TEXT("good\xff"), false},
    {TEXT("\xc3\xa9\xa9"), false},
};

/* A character's bytes as RFC 3629 has them; the length. */
static size_t encode(uint32_t code, char *bytes)
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void test_every_character(void)
{
	size_t wrong = 0;
	char bytes[4];

	for (uint32_t code = 0; code < 0x1fffff; code++) {
		bool want = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
		size_t length = encode(code, bytes);

		wrong += utf8_valid(bytes, length) != want;
		wrong += length > 1 && utf8_valid(bytes, length - 1);
	}
	is_int((long long)wrong, 0, "every character, whole and cut short");
}

static void test_character(void)
{
	is_int((long long)utf8_character("az", 2), 1, "a character of one byte");
	is_int((long long)utf8_character("\xc3\xa9z", 3), 2, "of two");
	is_int((long long)utf8_character("\xe2\x82\xacz", 4), 3, "of three");
	is_int((long long)utf8_character("\xf0\x9f\x98\x80z", 5), 4, "of four");
	is_int((long long)utf8_character("\0", 1), 1, "NUL is one");
	is_int((long long)utf8_character("\xe2\x82\xac", 2), 0, "one that is cut short is none");
	is_int((long long)utf8_character("\xffz", 2), 0, "a stray byte is none");
}

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		/* memory of just that length, so that a read past it is seen */
		char *bytes = malloc(cases[i].length ? cases[i].length : 1);

		memcpy(bytes, cases[i].bytes, cases[i].length);
		is_int(utf8_valid(bytes, cases[i].length), cases[i].valid, "case %zu is %s", i,
		    cases[i].valid ? "valid" : "not valid");
		free(bytes);
	}
	test_every_character();
	test_character();
	return tap_end();
}
