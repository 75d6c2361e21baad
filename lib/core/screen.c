#include "core/screen.h"

#include "core/utf8.h"

#include <string.h>

enum { ESC = 0x1b, DEL = 0x7f };

/* How much of the bytes is taken at once, and whether as it is: 0 when more bytes are needed to
 * tell. */
struct taken {
	size_t length;
	bool fit;
};

static struct taken take_colour(const char *bytes, size_t length)
{
	size_t i;

	if (length < 2)
		return (struct taken){0};
	if (bytes[1] != '[')
		return (struct taken){1, false};
	for (i = 2; i < length && i < SCREEN_HELD_MAX; i++)
		if (!strchr("0123456789;:", bytes[i]) || !bytes[i])
			return bytes[i] == 'm' ? (struct taken){i + 1, true}
					       : (struct taken){1, false};
	return i < SCREEN_HELD_MAX ? (struct taken){0} : (struct taken){1, false};
}

/* The length that the first byte of a character promises; 0 for none. */
static size_t promised(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

static bool may_go_on(const char *bytes, size_t length)
{
	for (size_t i = 1; i < length; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return false;
	return length < promised((unsigned char)bytes[0]);
}

static struct taken take(const char *bytes, size_t length)
{
	const unsigned char c = (unsigned char)bytes[0];
	size_t whole;

	if (c == ESC)
		return take_colour(bytes, length);
	if (c == '\r' && length < 2)
		return (struct taken){0};
	if (c < 0x80)
		return (struct taken){1, (c >= ' ' && c != DEL) || c == '\n' || c == '\t' ||
					     (c == '\r' && bytes[1] == '\n')};
	whole = utf8_character(bytes, length);
	if (!whole && may_go_on(bytes, length))
		return (struct taken){0};
	if (whole == 2 && c == 0xc2 && (unsigned char)bytes[1] < 0xa0)
		return (struct taken){2, false};
	return (struct taken){whole ? whole : 1, whole};
}

static void show_unfit(struct buf *into, unsigned char c)
{
	if (c >= 0x80) {
		buf_addc(into, '?');
		return;
	}
	buf_addc(into, '^');
	buf_addc(into, (char)(c ^ 0x40));
}

static bool is_plain(unsigned char c)
{
	return (c >= ' ' && c < DEL) || c == '\n' || c == '\t';
}

/* Returns how much was taken: less than `length` where the rest has to wait. */
static size_t add(struct screen *s, struct buf *into, const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		struct taken taken;
		size_t plain = at;

		while (plain < length && is_plain((unsigned char)bytes[plain]))
			plain++;
		buf_add(into, bytes + at, plain - at);
		at = plain;
		if (at == length)
			break;
		taken = take(bytes + at, length - at);
		if (!taken.length)
			break;
		if (taken.fit)
			buf_add(into, bytes + at, taken.length);
		else
			show_unfit(into, (unsigned char)bytes[at]);
		if (taken.fit && bytes[at] == ESC)
			s->coloured =
			    taken.length > 4 || (taken.length == 4 && bytes[at + 2] != '0');
		at += taken.length;
	}
	return at;
}

void screen_add(struct screen *s, struct buf *into, const char *bytes, size_t length)
{
	size_t taken;

	/* byte by byte until what is held can be told: it is short */
	while (s->length && length) {
		s->held[s->length++] = *bytes++;
		length--;
		taken = add(s, into, s->held, s->length);
		s->length -= taken;
		memmove(s->held, s->held + taken, s->length);
	}
	if (!length)
		return;
	taken = add(s, into, bytes, length);
	memcpy(s->held, bytes + taken, length - taken);
	s->length = length - taken;
}

void screen_end(struct screen *s, struct buf *into)
{
	for (size_t i = 0; i < s->length; i++) {
		if (is_plain((unsigned char)s->held[i]))
			buf_addc(into, s->held[i]);
		else
			show_unfit(into, (unsigned char)s->held[i]);
	}
	s->length = 0;
	if (s->coloured) {
		buf_adds(into, "\033[m");
		s->coloured = false;
	}
}
