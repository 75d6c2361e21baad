#include "render/ustar.h"

#include "tap.h"

/* What a reader sums: the bytes, with blanks for the sum itself. */
static unsigned sum_of(const uint8_t *block)
{
	unsigned sum = 0;

	for (int i = 0; i < USTAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return sum;
}

int main(void)
{
	uint8_t block[USTAR_BLOCK];
	char name[102];

	ok(ustar_header(block, "unikernel/www.hvt", 1234), "a file");
	is_str((char *)block, "unikernel/www.hvt", "its name");
	is_str((char *)block + 100, "0000644", "its mode");
	is_str((char *)block + 124, "00000002322", "its size");
	is_str((char *)block + 136, "00000000000", "its time");
	ok(!memcmp(block + 257, "ustar\00000", 8) && block[156] == '0', "its kind");
	is_int((long long)strtoul((char *)block + 148, NULL, 8), sum_of(block), "its checksum");
	ok(block[154] == '\0' && block[155] == ' ', "… as it has to end");
	ok(ustar_header(block, "unikernel/", 77), "a directory");
	is_str((char *)block + 100, "0000755", "its mode");
	is_str((char *)block + 124, "00000000000", "it has no size");
	is_int(block[156], '5', "its kind");
	ok(ustar_header(block, "x", USTAR_SIZE_MAX), "the largest file");
	is_str((char *)block + 124, "77777777777", "its size");
	ok(!ustar_header(block, "x", USTAR_SIZE_MAX + 1), "not one byte more");
	memset(name, 'n', sizeof name);
	name[101] = '\0';
	ok(!ustar_header(block, name, 0), "a name of 101 bytes is refused");
	name[100] = '\0';
	ok(ustar_header(block, name, 0), "one of 100 is fine");
	ok(!memcmp(block, name, 100), "… and without a NUL");
	ok(!ustar_header(block, "", 0), "no name");
	is_int((long long)ustar_space(0), 512, "room of nothing");
	is_int((long long)ustar_space(1), 1024, "room of a byte");
	is_int((long long)ustar_space(512), 1024, "room of a block");
	is_int((long long)ustar_space(513), 1536, "room of a byte more");
	return tap_end();
}
