#include "host/opamversion.h"

#include <ctype.h>
#include <string.h>

/* The weight of a character that isn't a digit: '~' before the end, that before letters, these
 * before all else. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t la, lb;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	la = strspn(*a, "0123456789");
	lb = strspn(*b, "0123456789");
	order = la != lb ? (la < lb ? -1 : 1) : strncmp(*a, *b, la);
	*a += la;
	*b += lb;
	return order;
}

int opamversion_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int order;

		while (weight(*a) || weight(*b)) {
			order = weight(*a) - weight(*b);
			if (order)
				return order;
			a++;
			b++;
		}
		order = compare_numbers(&a, &b);
		if (order)
			return order;
	}
	return 0;
}
