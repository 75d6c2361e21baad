#include "core/num.h"

#include <string.h>

enum num_error num_parse_bytes(
    const char *bytes, size_t length, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (!length || (bytes[0] == '0' && length > 1))
		return NUM_SYNTAX;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return NUM_SYNTAX;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(bytes[i] - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return NUM_RANGE;
		n = n * 10 + digit;
	}
	if (n < min || n > max)
		return NUM_RANGE;
	*number = n;
	return NUM_OK;
}

enum num_error num_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	return num_parse_bytes(text, strlen(text), min, max, number);
}
