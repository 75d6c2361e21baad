#include "model/limits.h"

#include "core/buf.h"
#include "core/num.h"

#include <string.h>

#define DIGITS "0123456789"

enum { FRACTION_DIGITS = 3, CPUS_MIN = 10 };

/* The number in the first `length` bytes. */
static bool number(const char *text, size_t length, uint64_t min, uint64_t max, uint64_t *into)
{
	struct buf digits A_CLEANUP(buf_free) = {0};

	buf_add(&digits, text, length);
	return num_parse(buf_str(&digits), min, max, into) == NUM_OK;
}

bool limits_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	size_t length = strspn(text, DIGITS);
	const char *unit = text[length] ? strchr(units, text[length]) : NULL;

	if ((text[length] && (!unit || text[length + 1])) ||
	    !number(text, length, 1, UINT64_MAX >> 40, bytes))
		return false;
	if (unit)
		*bytes <<= 10 * (unit - units + 1);
	return true;
}

bool limits_cpus(const char *text, uint64_t *thousandths)
{
	size_t whole = strspn(text, DIGITS), digits = 0;
	uint64_t count, fraction = 0, scale = 1000;

	if (!number(text, whole, 0, LIMITS_PROCESSORS, &count))
		return false;
	text += whole;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++, digits++) {
			scale /= 10;
			fraction += (uint64_t)(*text - '0') * scale;
		}
		if (!digits || digits > FRACTION_DIGITS)
			return false;
	}
	count = count * 1000 + fraction;
	if (*text || count < CPUS_MIN)
		return false;
	*thousandths = count;
	return true;
}

bool limits_cpuset(const char *text, struct processors *into)
{
	memset(into, 0, sizeof *into);
	for (;; text++) {
		uint64_t first, last;
		size_t length = strspn(text, DIGITS);

		if (!number(text, length, 0, LIMITS_PROCESSORS - 1, &first))
			return false;
		last = first;
		text += length;
		if (*text == '-') {
			text++;
			length = strspn(text, DIGITS);
			if (!number(text, length, first, LIMITS_PROCESSORS - 1, &last))
				return false;
			text += length;
		}
		for (; first <= last; first++)
			CPU_SET_S(first, sizeof into->sets, into->sets);
		if (!*text)
			return true;
		if (*text != ',')
			return false;
	}
}
