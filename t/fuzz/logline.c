/*
 * Any bytes as a line of a log (host/logline.h): what is taken for one must be in the format, and
 * the other way round, and its parts are where they were read. Then what was printed, made fit for
 * a terminal (core/screen.h): in whatever pieces it comes it is the same, and nothing else than
 * text and colours. The first byte says how large these are.
 */
#include "core/screen.h"
#include "core/utf8.h"
#include "host/logline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
	if (!good)
		abort();
}

/* ---- the format, written apart from lib/ on purpose ---------------------------------------------
 */

/* Takes a word of these characters and the blank behind it. */
static bool word(const char **at, const char *end, const char *characters, const char **from)
{
	*from = *at;
	while (*at < end && **at && strchr(characters, **at))
		++*at;
	return *at > *from && *at < end && *(*at)++ == ' ';
}

static bool is_time(const char *from, const char *end)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t length = (size_t)(end - from);

	if (length < sizeof form || length >= 40)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? !memchr("0123456789", from[i], 10) : from[i] != form[i])
			return false;
	/* T once only */
	return !memchr(from + sizeof form - 1, 'T', length - (sizeof form - 1));
}

static bool in_format(const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length, *from;

	if (!word(&at, end, "0123456789-:.+TZ", &from) || !is_time(from, at - 1))
		return false;
	if (!word(&at, end, "stdouerr", &from) || at - from != 7 ||
	    (memcmp(from, "stdout", 6) && memcmp(from, "stderr", 6)))
		return false;
	/* F or P, and what others may have behind a colon */
	if (end - at < 2 || (at[0] != 'F' && at[0] != 'P') || (at[1] != ' ' && at[1] != ':'))
		return false;
	from = memchr(at, ' ', (size_t)(end - at));
	return from && from - at < 40;
}

static void check_line(const char *bytes, size_t length, struct logline *line)
{
	static const char *const names[] = {"stdout", "stderr"};
	const char *at = bytes;
	bool good = logline_parse(bytes, length, line);

	need(good == in_format(bytes, length));
	if (!good) {
		need(!*line->time && !line->time_length && line->stream == LOG_STDOUT);
		need(!line->part && line->text == bytes && line->length == length);
		return;
	}
	need(line->time == at && at[line->time_length] == ' ');
	at += line->time_length + 1;
	need(!memcmp(at, names[line->stream], 6) && at[6] == ' ');
	at += 7;
	need(*at == (line->part ? 'P' : 'F') && line->text - bytes <= LOGLINE_HEAD);
	need(line->text[-1] == ' ' && line->text + line->length == bytes + length);
}

/* ---- on a terminal ------------------------------------------------------------------------------
 */

/* The length of a colour: ESC [ digits, ; and : m. */
static size_t colour(const char *text, size_t length)
{
	size_t i = 2;

	if (length < 3 || text[0] != '\033' || text[1] != '[')
		return 0;
	while (i < length && text[i] && strchr("0123456789:;", text[i]))
		i++;
	return i < length && text[i] == 'm' ? i + 1 : 0;
}

static void check_fit(const char *text, size_t length)
{
	for (size_t at = 0, n; at < length; at += n) {
		const unsigned char c = (unsigned char)text[at];

		n = utf8_character(text + at, length - at);
		if (c == '\r')
			need(at + 1 < length && text[at + 1] == '\n');
		else if (c == '\033')
			need((n = colour(text + at, length - at)) > 0);
		else
			need(n && (c >= ' ' || c == '\n' || c == '\t') && c != 0x7f);
		need(n != 2 || c != 0xc2 || (unsigned char)text[at + 1] >= 0xa0);
	}
}

static void show(const char *text, size_t length, size_t piece, struct buf *into)
{
	struct screen screen = {0};

	for (size_t n; length; text += n, length -= n) {
		n = length < piece ? length : piece;
		screen_add(&screen, into, text, n);
		need(screen.length < SCREEN_HELD_MAX);
	}
	screen_end(&screen, into, true);
	need(!screen.length && !screen.coloured);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole A_CLEANUP(buf_free) = {0}, pieces A_CLEANUP(buf_free) = {0};
	struct logline line;
	char *exact;

	if (!size)
		return 0;
	/* of the very size, so that reading beyond it is seen */
	exact = malloc(size);
	need(exact);
	memcpy(exact, data + 1, size - 1);
	if (size > 1) {
		exact = realloc(exact, size - 1);
		need(exact);
	}
	check_line(exact, size - 1, &line);
	show(line.text, line.length, SIZE_MAX, &whole);
	show(line.text, line.length, 1 + data[0] % 64, &pieces);
	need(whole.length == pieces.length &&
	     !memcmp(buf_str(&whole), buf_str(&pieces), whole.length));
	check_fit(buf_str(&whole), whole.length);
	free(exact);
	return 0;
}
