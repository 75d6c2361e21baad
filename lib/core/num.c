#include "core/num.h"

enum num_error num_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return NUM_SYNTAX;
	for (const char *p = text; *p; p++)
		if (*p < '0' || *p > '9')
			return NUM_SYNTAX;
	for (const char *p = text; *p; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return NUM_RANGE;
		n = n * 10 + digit;
	}
	if (n < min || n > max)
		return NUM_RANGE;
	*number = n;
	return NUM_OK;
}
