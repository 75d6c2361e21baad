#include "model/tree.h"

#include "core/strv.h"

#include <string.h>

static void split(const char *key, struct strv *into)
{
	for (;;) {
		size_t length = strcspn(key, ".");

		strv_add_bytes(into, key, length);
		if (!key[length])
			return;
		key += length + 1;
	}
}

/* How many sections (segments but the last) two keys share at their beginning. */
static size_t shared(const struct strv *a, const struct strv *b)
{
	size_t n = 0;

	while (n + 1 < a->count && n + 1 < b->count && !strcmp(a->items[n], b->items[n]))
		n++;
	return n;
}

void tree_walk(const struct rec *record, const struct tree_writer *w)
{
	struct strv last A_CLEANUP(strv_free) = {0};
	size_t depth = 0;

	for (size_t i = 0, count; i < record->count; i += count) {
		struct strv now = {0};
		size_t keep;

		for (count = 1; i + count < record->count &&
				!strcmp(record->fields[i].key, record->fields[i + count].key);)
			count++;
		split(record->fields[i].key, &now);
		keep = shared(&last, &now);
		for (; depth > keep; depth--)
			w->close(w->context, depth);
		for (; depth + 1 < now.count; depth++)
			w->open(w->context, now.items[depth], depth + 1);
		w->leaf(w->context, now.items[depth], &record->fields[i], count,
		    key_find(record->fields[i].key), depth);
		strv_free(&last);
		last = now;
	}
	for (; depth > 0; depth--)
		w->close(w->context, depth);
}
