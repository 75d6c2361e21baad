#include "core/clock.h"

#include <string.h>
#include <time.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND };

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock_text(int64_t milliseconds, struct buf *into)
{
	int64_t fraction = (milliseconds % SECOND + SECOND) % SECOND;
	time_t seconds = (time_t)((milliseconds - fraction) / SECOND);
	struct tm t;

	if (!gmtime_r(&seconds, &t))
		t = (struct tm){.tm_year = 70, .tm_mday = 1};
	buf_printf(into, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
	    t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)fraction);
}

/* `count` digits, as a number; -1 when they aren't there. */
static int digits(const char **text, int count)
{
	int number = 0;

	for (; count > 0; count--, ++*text) {
		if (**text < '0' || **text > '9')
			return -1;
		number = number * 10 + (**text - '0');
	}
	return number;
}

static bool skip(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	++*text;
	return true;
}

/* .5 is 500; digits behind the third count for nothing. */
static bool fraction_of(const char **text, int *milliseconds)
{
	int scale = 100;

	*milliseconds = 0;
	if (!skip(text, ".,"))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text, scale /= 10)
		*milliseconds += (**text - '0') * scale;
	return true;
}

static bool offset_of(const char **text, int64_t *milliseconds)
{
	const char sign = **text;
	int hours, minutes;

	*milliseconds = 0;
	if (skip(text, "Zz"))
		return true;
	if (!skip(text, "+-") || (hours = digits(text, 2)) < 0 || !skip(text, ":") ||
	    (minutes = digits(text, 2)) < 0 || hours > 23 || minutes > 59)
		return false;
	*milliseconds = (sign == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * MINUTE;
	return true;
}

bool clock_parse(const char *text, int64_t *milliseconds)
{
	struct tm t = {0}, again;
	int64_t offset;
	int fraction;
	time_t seconds;

	if ((t.tm_year = digits(&text, 4)) < 0 || !skip(&text, "-") ||
	    (t.tm_mon = digits(&text, 2)) < 0 || !skip(&text, "-") ||
	    (t.tm_mday = digits(&text, 2)) < 0 || !skip(&text, "Tt ") ||
	    (t.tm_hour = digits(&text, 2)) < 0 || !skip(&text, ":") ||
	    (t.tm_min = digits(&text, 2)) < 0 || !skip(&text, ":") ||
	    (t.tm_sec = digits(&text, 2)) < 0 || !fraction_of(&text, &fraction) ||
	    !offset_of(&text, &offset) || *text)
		return false;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	again = t;
	/* what timegm has to put right wasn't there: February the 30th, 25 o'clock */
	seconds = timegm(&again);
	if (again.tm_mon != t.tm_mon || again.tm_mday != t.tm_mday || again.tm_hour != t.tm_hour ||
	    again.tm_min != t.tm_min || again.tm_sec != t.tm_sec)
		return false;
	*milliseconds = (int64_t)seconds * SECOND + fraction - offset;
	return true;
}
