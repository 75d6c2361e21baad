#include "core/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment distance over three rolling rows. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][LONGEST + 1];

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t differ = a[i - 1] != b[j - 1];

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    twice[j - 2] + 1 < row[j])
				row[j] = twice[j - 2] + 1;
		}
	}
	return rows[la % 3][lb];
}

void suggest_start(struct suggest *s, const char *wrong)
{
	*s = (struct suggest){.wrong = wrong, .distance = (size_t)-1};
}

/* Of two that are as near, one that was only not finished is likelier. */
static bool is_better(const struct suggest *s, const char *candidate, size_t d)
{
	size_t typed = strlen(s->wrong);

	if (d != s->distance)
		return d < s->distance;
	return !strncmp(candidate, s->wrong, typed) && strncmp(s->best, s->wrong, typed);
}

void suggest_offer(struct suggest *s, const char *candidate)
{
	size_t length = strlen(candidate), d;

	if (length > LONGEST || strlen(s->wrong) > LONGEST)
		return;
	d = distance(s->wrong, candidate);
	if (d * 3 <= length && is_better(s, candidate, d)) {
		s->best = candidate;
		s->distance = d;
	}
}
