#include "host/logline.h"

#include "tap.h"

#define TIME "2026-11-25T12:31:24"

#define LONGEST_TIME TIME ".000000000000000000Z"
#define LONGEST_TAG "P:2345678901234567890123456789012345678"

static const struct {
	const char *line, *time, *text;
	enum log_stream stream;
	bool part;
} good[] = {
    {TIME ".007Z stdout F a line", TIME ".007Z", "a line"},
    {TIME "Z stderr P ", TIME "Z", "", LOG_STDERR, true},
    {TIME ".123456789+01:00 stdout F:a:b  two", TIME ".123456789+01:00", " two"},
    {LONGEST_TIME " stderr " LONGEST_TAG " x", LONGEST_TIME, "x", LOG_STDERR, true},
};

static const char *const other[] = {"", " ", "foreign", TIME " stdout F x", TIME "Z", TIME "Z ",
    TIME "Z stdout", TIME "Z stdout F", TIME "Z stdin F x", TIME "Z stdout G x", TIME "Z stdout  x",
    TIME "Z stdout FP x", "2026-11-25 12:31:24Z stdout F x", " " TIME "Z stdout F x",
    /* a time goes to a terminal as it is */
    TIME "\x1b[2J stdout F x", TIME ".0\rZ stdout F x", TIME "Zulu stdout F x",
    TIME ".0000000000000000000000Z stdout F x"};

static struct logline line;

static bool parse(const char *text)
{
	return logline_parse(text, strlen(text), &line);
}

/* Up to its end, as it is a line's last part. */
static void is_text(const char *want)
{
	is_str(line.text, want, "the text");
	is_int((long long)line.length, (long long)strlen(want), "to the line's end");
}

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct buf time A_CLEANUP(buf_free) = {0};

		ok(parse(good[i].line), "%s", good[i].line);
		buf_add(&time, line.time, line.time_length);
		is_str(buf_str(&time), good[i].time, "its time");
		is_text(good[i].text);
		ok(line.stream == good[i].stream && line.part == good[i].part, "what it is");
		ok(logline_parse(good[i].line, strnlen(good[i].line, LOGLINE_HEAD), &line) &&
			line.stream == good[i].stream && line.part == good[i].part,
		    "to be seen in its beginning");
	}
	for (size_t i = 0; i < COUNT_OF(other); i++) {
		ok(!parse(other[i]), "%zu: not in the format", i);
		is_text(other[i]);
		ok(!line.time_length && line.stream == LOG_STDOUT && !line.part, "of stdout");
	}
	return tap_end();
}
