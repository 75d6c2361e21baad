#include "core/utf8.h"

#include <stdint.h>

size_t utf8_character(const char *bytes, size_t left)
{
	const unsigned char *p = (const unsigned char *)bytes;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = p[0] < 0x80       ? 1
			: p[0] >> 5 == 6  ? 2
			: p[0] >> 4 == 14 ? 3
			: p[0] >> 3 == 30 ? 4
					  : 0;
	uint32_t code = p[0] & (0x7fu >> (length == 1 ? 0 : length));

	if (!length || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

bool utf8_valid(const char *bytes, size_t length)
{
	while (length) {
		size_t n = utf8_character(bytes, length);

		if (!n)
			return false;
		bytes += n;
		length -= n;
	}
	return true;
}
