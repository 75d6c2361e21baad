#include "core/printable.h"

#include "core/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool is_control(const unsigned char *p, size_t length)
{
	if (length == 1)
		return (*p < ' ' && *p != '\t') || *p == 0x7f;
	/* U+0080 to U+009F */
	return length == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

void printable_add(struct buf *into, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t length = utf8_character(text, left);

		if (!length || is_control((const unsigned char *)text, length))
			buf_addc(into, '?');
		else
			buf_add(into, text, length);
		length += !length;
		text += length;
		left -= length;
	}
}
