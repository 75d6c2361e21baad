/*
 * A list of strings that owns its copies and ends with a NULL, as exec wants it. A zeroed strv is a
 * valid empty one; strv_free may be called twice.
 */
#ifndef MIRARI_CORE_STRV_H
#define MIRARI_CORE_STRV_H

#include "core/attr.h"

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **items; /* owned, each and all; NULL while empty: use strv_argv for exec */
	size_t count;
	size_t room;
};

void strv_free(struct strv *v);
void strv_add(struct strv *v, const char *string);
void strv_addf(struct strv *v, const char *format, ...) A_PRINTF(2, 3);
void strv_add_bytes(struct strv *v, const char *bytes, size_t length);
void strv_add_all(struct strv *v, const struct strv *from);

/* Adds the words of an array that ends with a NULL; strv_list adds its arguments. */
void strv_add_words(struct strv *v, const char *const *words);
#define strv_list(v, ...) strv_add_words((v), (const char *const[]){__VA_ARGS__, NULL})

bool strv_has(const struct strv *v, const char *string);

/* The items with their NULL, borrowed until the next change; never NULL. */
char *const *strv_argv(const struct strv *v);

/* By byte value, so that the order is the same on every machine. */
void strv_sort(struct strv *v);

#endif
