/* Text, and what the compiler takes for granted. */
#include "guest.h"

#include <stdarg.h>

static char line[COMMAND_LINE_MAX + 256]; /* the longest command line, and what is around it */
static size_t used;

static void put(const char *text)
{
	while (*text && used < sizeof line)
		line[used++] = *text++;
}

static void put_number(uint64_t number)
{
	char digits[21];
	char *digit = &digits[20];

	*digit = '\0';
	do
		*--digit = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	put(digit);
}

static void put_byte(unsigned byte)
{
	const char *hex = "0123456789abcdef";

	put((char[]){hex[byte >> 4 & 15], hex[byte & 15], '\0'});
}

static void put_address(uint32_t address)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		put_number(address >> shift & 255);
		put(shift ? "." : "");
	}
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used = 0;
	for (; *format; format++) {
		if (*format != '%') {
			put((char[]){*format, '\0'});
			continue;
		}
		switch (*++format) {
		case 's':
			put(va_arg(args, const char *));
			break;
		case 'u':
			put_number(va_arg(args, uint64_t));
			break;
		case 'x':
			put_byte(va_arg(args, unsigned));
			break;
		case 'a':
			put_address(va_arg(args, uint32_t));
			break;
		}
	}
	va_end(args);
	platform_write(line, used);
}

bool text_starts(const char *text, const char *start, const char **rest)
{
	while (*start)
		if (*text++ != *start++)
			return false;
	*rest = text;
	return true;
}

uint64_t text_number(const char *text)
{
	uint64_t number = 0;

	while (*text >= '0' && *text <= '9')
		number = number * 10 + (uint64_t)(*text++ - '0');
	return number;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

void *memcpy(void *to, const void *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)to)[i] = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i])
			return ((const uint8_t *)a)[i] < ((const uint8_t *)b)[i] ? -1 : 1;
	return 0;
}
