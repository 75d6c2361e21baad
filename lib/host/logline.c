#include "host/logline.h"

#include <string.h>

const char *const log_stream_names[LOG_STREAMS] = {"stdout", "stderr"};

enum { TIME_MIN = sizeof "2026-11-25T12:31:24Z" - 1, TIME_MAX = 40 };

/* The length of the word that begins here; 0 when no blank ends it. */
static size_t word(const char *bytes, size_t length)
{
	const char *blank = memchr(bytes, ' ', length < TIME_MAX ? length : TIME_MAX);

	return blank ? (size_t)(blank - bytes) : 0;
}

/* Whatever is behind the seconds, it is nothing that could command a terminal. */
static bool is_time(const char *bytes, size_t length)
{
	static const char form[] = "0000-00-00T00:00:00";

	if (length < TIME_MIN)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? bytes[i] < '0' || bytes[i] > '9' : bytes[i] != form[i])
			return false;
	for (size_t i = sizeof form - 1; i < length; i++)
		if (!memchr("0123456789.:+-Z", bytes[i], 15))
			return false;
	return true;
}

static bool is_stream(const char *bytes, size_t length, enum log_stream *stream)
{
	for (*stream = 0; *stream < LOG_STREAMS; ++*stream)
		if (length == strlen(log_stream_names[*stream]) &&
		    !memcmp(bytes, log_stream_names[*stream], length))
			return true;
	return false;
}

static bool parse(const char *bytes, size_t length, struct logline *into)
{
	const char *next = bytes, *end = bytes + length;
	size_t n = word(bytes, length);

	into->time = bytes;
	into->time_length = n;
	if (!is_time(bytes, n))
		return false;
	next += n + 1;
	n = word(next, (size_t)(end - next));
	if (!is_stream(next, n, &into->stream))
		return false;
	next += n + 1;
	n = word(next, (size_t)(end - next));
	if (!n || (next[0] != 'F' && next[0] != 'P') || (n > 1 && next[1] != ':'))
		return false;
	into->part = next[0] == 'P';
	into->text = next + n + 1;
	into->length = (size_t)(end - into->text);
	return true;
}

bool logline_parse(const char *bytes, size_t length, struct logline *into)
{
	if (parse(bytes, length, into))
		return true;
	*into = (struct logline){.time = "", .stream = LOG_STDOUT, .text = bytes, .length = length};
	return false;
}
