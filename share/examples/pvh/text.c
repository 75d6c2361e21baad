#include "text.h"

#include "machine.h"

#include <stdarg.h>

static void say_number(uint32_t number, uint32_t base)
{
	char digits[10];
	size_t at = sizeof digits;

	do
		digits[--at] = "0123456789abcdef"[number % base];
	while ((number /= base) > 0);
	machine_write(digits + at, sizeof digits - at);
}

static void say_argument(char kind, va_list *args)
{
	const char *text;

	switch (kind) {
	case 's':
		text = va_arg(*args, const char *);
		machine_write(text, strlen(text));
		break;
	case 'u':
		say_number(va_arg(*args, uint32_t), 10);
		break;
	case 'x':
		say_number(va_arg(*args, uint32_t), 16);
		break;
	}
}

void say(const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	while (*format) {
		for (length = 0; format[length] && format[length] != '%' && format[length] != '\n';)
			length++;
		machine_write(format, length);
		format += length;
		if (*format == '\n') {
			machine_write("\r\n", 2);
			format++;
		} else if (*format == '%') {
			say_argument(format[1], &args);
			format += 2;
		}
	}
	va_end(args);
	machine_flush();
}

bool text_starts(const char *text, const char *start, const char **rest)
{
	while (*start)
		if (*text++ != *start++)
			return false;
	*rest = text;
	return true;
}

bool text_equal(const char *a, const char *b)
{
	const char *rest;

	return text_starts(a, b, &rest) && !*rest;
}

bool text_number(const char *text, uint32_t *number)
{
	*number = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		uint32_t digit = (uint32_t)*text - '0';

		if (digit > 9 || *number > (UINT32_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

/* By one instruction each: compilers make calls of memcpy of loops that do what it does. */
void *memcpy(void *to, const void *from, size_t length)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}
