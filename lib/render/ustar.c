#include "render/ustar.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 100,
	MODE = 100,
	OWNER = 108,
	GROUP = 116,
	SIZE = 124,
	TIME = 136,
	CHECKSUM = 148,
	TYPE = 156,
	MAGIC = 257,
	OWNER_NAME = 265,
	GROUP_NAME = 297,
	DEVICE_MAJOR = 329,
	DEVICE_MINOR = 337,
};

static void octal(uint8_t *field, size_t digits, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%0*llo", (int)digits, (unsigned long long)value);
	memcpy(field, text, digits + 1); /* with its NUL */
}

bool ustar_header(uint8_t block[USTAR_BLOCK], const char *name, uint64_t size)
{
	size_t length = strlen(name);
	bool directory = length && name[length - 1] == '/';
	unsigned sum = 0;

	if (!length || length > NAME_MAX_BYTES || size > USTAR_SIZE_MAX)
		return false;
	memset(block, 0, USTAR_BLOCK);
	memcpy(block, name, length);
	octal(block + MODE, 7, directory ? 0755 : 0644);
	octal(block + OWNER, 7, 0);
	octal(block + GROUP, 7, 0);
	octal(block + SIZE, 11, directory ? 0 : size);
	octal(block + TIME, 11, 0);
	block[TYPE] = directory ? '5' : '0';
	memcpy(block + MAGIC,
	    "ustar\0"
	    "00",
	    8);
	memcpy(block + OWNER_NAME, "root", 4);
	memcpy(block + GROUP_NAME, "root", 4);
	octal(block + DEVICE_MAJOR, 7, 0);
	octal(block + DEVICE_MINOR, 7, 0);
	memset(block + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < USTAR_BLOCK; i++)
		sum += block[i];
	octal(block + CHECKSUM, 6, sum); /* six digits, NUL, and the blank that is there */
	return true;
}

uint64_t ustar_space(uint64_t size)
{
	return USTAR_BLOCK + (size + USTAR_BLOCK - 1) / USTAR_BLOCK * USTAR_BLOCK;
}
