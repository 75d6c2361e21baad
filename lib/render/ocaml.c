#include "render/ocaml.h"

enum { WIDTH = 92 };

/* One byte in front of `next` (or -1): at most four characters. Three decimal digits always, so
 * that a digit behind is never read as one of them. */
static size_t escape(char out[4], unsigned char c)
{
	out[0] = '\\';
	switch (c) {
	case '"':
	case '\\':
		out[1] = (char)c;
		return 2;
	case '\n':
		out[1] = 'n';
		return 2;
	case '\t':
		out[1] = 't';
		return 2;
	default:
		break;
	}
	if (c >= ' ' && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[1] = (char)('0' + c / 100);
	out[2] = (char)('0' + c / 10 % 10);
	out[3] = (char)('0' + c % 10);
	return 4;
}

void ocaml_string(struct buf *into, const char *bytes, size_t length)
{
	size_t column = 0;

	buf_addc(into, '"');
	for (size_t i = 0; i < length; i++) {
		char text[4];
		size_t n = escape(text, (unsigned char)bytes[i]);

		if (column + n > WIDTH) {
			/* a line break behind a backslash swallows the blanks of the next line,
			 * so a blank there is written as an escape */
			buf_adds(into, "\\\n");
			column = 0;
			if (bytes[i] == ' ') {
				buf_adds(into, "\\ ");
				column = 2;
				continue;
			}
		}
		buf_add(into, text, n);
		column += n;
	}
	buf_addc(into, '"');
}
