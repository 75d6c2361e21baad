#include "model/size.h"

#include "core/num.h"

#include <string.h>

bool size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	size_t length = strspn(text, "0123456789");
	const char *unit = text[length] ? strchr(units, text[length]) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	uint64_t number;

	if ((text[length] && (!unit || text[length + 1])) ||
	    num_parse_bytes(text, length, 1, (uint64_t)INT64_MAX >> shift, &number) != NUM_OK)
		return false;
	*bytes = number << shift;
	return true;
}
