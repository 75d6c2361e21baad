#include "core/strv.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strv_free(struct strv *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){0};
}

static void take(struct strv *v, char *owned)
{
	if (v->count + 1 >= v->room) {
		v->room = v->room ? v->room * 2 : 8;
		v->items = mem_resize(v->items, v->room, sizeof *v->items);
	}
	v->items[v->count++] = owned;
	v->items[v->count] = NULL;
}

void strv_add_bytes(struct strv *v, const char *bytes, size_t length)
{
	take(v, mem_copy(bytes, length));
}

void strv_add(struct strv *v, const char *string)
{
	strv_add_bytes(v, string, strlen(string));
}

void strv_addf(struct strv *v, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		length = 0; /* what the locale can't write is nothing */
	text = mem_resize(NULL, (size_t)length + 1, 1);
	va_start(args, format);
	if (vsnprintf(text, (size_t)length + 1, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	take(v, text);
}

void strv_add_all(struct strv *v, const struct strv *from)
{
	for (size_t i = 0; i < from->count; i++)
		strv_add(v, from->items[i]);
}

void strv_add_words(struct strv *v, const char *const *words)
{
	for (; *words; words++)
		strv_add(v, *words);
}

bool strv_has(const struct strv *v, const char *string)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->items[i], string))
			return true;
	return false;
}

char *const *strv_argv(const struct strv *v)
{
	static char *const none[] = {NULL};

	return v->count ? v->items : none;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->count > 1)
		qsort(v->items, v->count, sizeof *v->items, by_bytes);
}
