#include "model/limits.h"

#include "core/num.h"

#include <string.h>

#define DIGITS "0123456789"

enum { FRACTION_DIGITS = 3, CPUS_MIN = 10 };

bool limits_cpus(const char *text, uint64_t *thousandths)
{
	size_t whole = strspn(text, DIGITS), digits = 0;
	uint64_t count, fraction = 0, scale = 1000;

	if (num_parse_bytes(text, whole, 0, LIMITS_PROCESSORS, &count) != NUM_OK)
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

		if (num_parse_bytes(text, length, 0, LIMITS_PROCESSORS - 1, &first) != NUM_OK)
			return false;
		last = first;
		text += length;
		if (*text == '-') {
			text++;
			length = strspn(text, DIGITS);
			if (num_parse_bytes(text, length, first, LIMITS_PROCESSORS - 1, &last) !=
			    NUM_OK)
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
