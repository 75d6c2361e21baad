#include "core/buf.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_free(struct buf *b)
{
	free(b->bytes);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->length = 0;
	b->over = false;
	if (b->bytes)
		b->bytes[0] = '\0';
}

const char *buf_str(const struct buf *b)
{
	return b->bytes ? b->bytes : "";
}

bool buf_over(const struct buf *b)
{
	return b->over;
}

char *buf_reserve(struct buf *b, size_t length)
{
	size_t max = b->max ? b->max : BUF_MAX;

	if (b->over || length > max - b->length) {
		b->over = true;
		return NULL;
	}
	if (b->room - b->length <= length) {
		size_t room = b->room < 64 ? 64 : b->room;

		while (room - b->length <= length)
			room *= 2;
		b->bytes = mem_resize(b->bytes, room, 1);
		b->bytes[b->length] = '\0';
		b->room = room;
	}
	return b->bytes + b->length;
}

void buf_grew(struct buf *b, size_t length)
{
	b->length += length;
	b->bytes[b->length] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t length)
{
	char *end = buf_reserve(b, length);

	if (!end)
		return;
	if (length)
		memcpy(end, bytes, length);
	buf_grew(b, length);
}

void buf_adds(struct buf *b, const char *string)
{
	buf_add(b, string, strlen(string));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int length;
	char *end;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		b->over = true;
	if (length < 0 || !(end = buf_reserve(b, (size_t)length)))
		return;
	va_start(args, format);
	vsnprintf(end, (size_t)length + 1, format, args);
	va_end(args);
	buf_grew(b, (size_t)length);
}
