#include "host/pathvar.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* What stands between colons; nothing at all for the empty string. */
static void split(const char *value, struct strv *into)
{
	while (*value || into->count) {
		size_t length = strcspn(value, ":");

		strv_add_bytes(into, value, length);
		if (!value[length])
			return;
		value += length + 1;
	}
}

static void join(const struct strv *parts, struct buf *into)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (i)
			buf_addc(into, ':');
		buf_adds(into, parts->items[i]);
	}
}

void pathvar_start(struct pathvar *v, const char *name, bool modern)
{
	const char *value = getenv(name);

	*v = (struct pathvar){.name = mem_copy(name, strlen(name)), .modern = modern};
	if (value)
		split(value, &v->parts);
}

void pathvar_free(struct pathvar *v)
{
	free(v->name);
	v->name = NULL;
	strv_free(&v->parts);
}

bool pathvar_is_operator(const char *op)
{
	static const char *const operators[] = {"=", "+=", "=+", "=+=", ":=", "=:"};

	for (size_t i = 0; i < COUNT_OF(operators); i++)
		if (!strcmp(op, operators[i]))
			return true;
	return false;
}

static void insert(struct strv *parts, size_t at, const char *value)
{
	char *added;

	strv_add(parts, value);
	added = parts->items[parts->count - 1];
	memmove(parts->items + at + 1, parts->items + at,
	    (parts->count - 1 - at) * sizeof *parts->items);
	parts->items[at] = added;
}

static void take_out(struct strv *parts, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++)
		free(parts->items[i]);
	memmove(parts->items + at, parts->items + at + count,
	    (parts->count - at - count + 1) * sizeof *parts->items);
	parts->count -= count;
}

static bool is_empty_part(const struct strv *parts, size_t at)
{
	return at < parts->count && !*parts->items[at];
}

/* Empty, or a single empty part: nothing that the value could be added to. */
static bool is_nothing(const struct strv *parts)
{
	return parts->count == 0 || (parts->count == 1 && is_empty_part(parts, 0));
}

/* := and =:, which keep an empty part where there was nothing: for MANPATH that is the default. */
static void apply_colon(struct pathvar *v, bool front, const char *value)
{
	struct strv *parts = &v->parts;
	size_t last = parts->count - 1;

	if (is_nothing(parts)) {
		strv_free(parts);
		strv_add(parts, front ? value : "");
		strv_add(parts, front ? "" : value);
		v->at = 0;
	} else if (front) {
		/* 2.1 keeps an empty part in front in its place */
		insert(parts, !v->modern && is_empty_part(parts, 0), value);
		v->at = 0;
	} else {
		/* 2.1 moves an empty part at the end to the front */
		if (!v->modern && is_empty_part(parts, last)) {
			take_out(parts, last, 1);
			insert(parts, 0, "");
		}
		strv_add(parts, value);
		v->at = v->modern ? 0 : parts->count - 1;
	}
}

void pathvar_apply(struct pathvar *v, const char *op, const char *value)
{
	struct strv *parts = &v->parts;

	v->changed = true;
	if (!strcmp(op, "=")) {
		strv_free(parts);
		strv_add(parts, value);
		v->at = 0;
		return;
	}
	if (v->modern && !*value)
		return;
	if (v->modern && op[0] != ':' && op[1] != ':' && is_nothing(parts))
		strv_free(parts);
	if (!strcmp(op, "+=")) {
		insert(parts, 0, value);
		v->at = 0;
	} else if (!strcmp(op, "=+")) {
		strv_add(parts, value);
		v->at = parts->count - 1;
	} else if (!strcmp(op, "=+=")) {
		insert(parts, v->at > parts->count ? parts->count : v->at, value);
	} else {
		apply_colon(v, op[0] == ':', value);
	}
}

/* Are the parts of `value` here, one behind the other? */
static bool matches(const struct strv *parts, size_t at, const struct strv *value)
{
	if (at + value->count > parts->count)
		return false;
	for (size_t i = 0; i < value->count; i++)
		if (strcmp(parts->items[at + i], value->items[i]))
			return false;
	return true;
}

void pathvar_undo(struct pathvar *v, const char *op, const char *value)
{
	struct strv wanted A_CLEANUP(strv_free) = {0};
	struct buf whole A_CLEANUP(buf_free) = {0};
	bool from_end = !strcmp(op, "=+") || !strcmp(op, "=:");
	size_t places;

	if (!strcmp(op, "=")) {
		join(&v->parts, &whole);
		if (v->parts.count && !strcmp(buf_str(&whole), value)) {
			strv_free(&v->parts);
			v->at = 0;
			v->changed = true;
		}
		return;
	}
	split(value, &wanted);
	if (!wanted.count || wanted.count > v->parts.count)
		return;
	places = v->parts.count - wanted.count + 1;
	for (size_t i = 0; i < places; i++) {
		size_t at = from_end ? places - 1 - i : i;

		if (!matches(&v->parts, at, &wanted))
			continue;
		take_out(&v->parts, at, wanted.count);
		v->at = at;
		v->changed = true;
		/* the empty part that := or =: had added to nothing */
		if (strchr(op, ':') && v->parts.count == 1 && is_empty_part(&v->parts, 0))
			strv_free(&v->parts);
		return;
	}
}

bool pathvar_value(const struct pathvar *v, struct buf *into)
{
	join(&v->parts, into);
	return v->parts.count > 0;
}
