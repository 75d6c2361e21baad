/* "Did you mean": the word that someone probably wanted. */
#ifndef MIRARI_CORE_SUGGEST_H
#define MIRARI_CORE_SUGGEST_H

#include <stddef.h>

struct suggest {
	const char *wrong; /* borrowed */
	const char *best;  /* borrowed from suggest_offer; NULL while nothing is near enough */
	size_t distance;
};

/* Offer candidates one after another; `best` is then the nearest within a third of its length
 * (edit distance, a swap of neighbours counting once). The first of equals stays. */
void suggest_start(struct suggest *s, const char *wrong);
void suggest_offer(struct suggest *s, const char *candidate);

#endif
