#include "model/xlvalue.h"

#include "core/strset.h"

#include <string.h>

enum { DEPTH_MAX = 16 }; /* of lists in lists, of which xl knows two */

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789";

void xlvalue_free(struct xlvalue *v)
{
	strv_free(&v->items);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The byte that \c stands for in a string, or 0. */
static char escaped(char c)
{
	static const char names[] = "\\'\"abfnrtv", bytes[] = "\\'\"\a\b\f\n\r\t\v";
	const char *at = c ? strchr(names, c) : NULL;

	return at ? bytes[at - names] : '\0';
}

/* From its first quote; returns what is behind the last one, or NULL. */
static const char *read_string(const char *p, struct strv *items, struct buf *why)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	const char quote = *p++;

	for (; *p != quote; p++) {
		if (*p == '\n' || !*p) {
			buf_printf(why, "has no closing %c", quote);
			return NULL;
		}
		if (*p != '\\') {
			buf_addc(&text, *p);
			continue;
		}
		if (!*++p) {
			buf_printf(why, "has no closing %c", quote);
			return NULL;
		}
		if (!escaped(*p)) {
			buf_printf(why,
			    "has \\%c, which xl can't read in a string; "
			    "a backslash itself is \\\\",
			    *p);
			return NULL;
		}
		buf_addc(&text, escaped(*p));
	}
	strv_add(items, buf_str(&text));
	return p + 1;
}

static const char *read_value(const char *p, int depth, struct xlvalue *v, struct buf *why);

/* From its bracket. */
static const char *read_list(const char *p, int depth, struct xlvalue *v, struct buf *why)
{
	if (depth == DEPTH_MAX) {
		buf_adds(why, "has too many lists in lists");
		return NULL;
	}
	for (p = skip_blanks(p + 1); *p != ']'; p = skip_blanks(p)) {
		p = read_value(p, depth + 1, v, why);
		if (!p)
			return NULL;
		p = skip_blanks(p);
		if (*p == ',') {
			p++;
		} else if (*p != ']') {
			buf_adds(why, *p && *p != '#' ? "has no comma between two parts of a list"
						      : "has no closing ]");
			return NULL;
		}
	}
	return p + 1;
}

static const char *read_value(const char *p, int depth, struct xlvalue *v, struct buf *why)
{
	size_t length;

	if (*p == '\'' || *p == '"')
		return read_string(p, &v->items, why);
	if (*p == '[')
		return read_list(p, depth, v, why);
	length = strchr(digits, *p) && *p ? strspn(p, "0123456789abcdefx") : 0;
	if (length) {
		strv_add_bytes(&v->items, p, length);
		return p + length;
	}
	buf_adds(why, !*p || *p == '#' ? (depth ? "has no closing ]" : "is empty")
				       : "has something that is neither a number nor in quotes");
	return NULL;
}

/* Is there nothing but an end, or a comment? */
static bool ends(const char *p)
{
	p = skip_blanks(p);
	while (*p == ';')
		p = skip_blanks(p + 1);
	return !*p || *p == '#';
}

/* Text that means nothing to xl and can only be meant as itself. */
static bool is_bare(const char *text)
{
	if (!*text || strpbrk(text, "'\"[]#;\\"))
		return false;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return false;
	return true;
}

int xlvalue_read(const char *text, struct xlvalue *v, struct buf *why)
{
	struct buf wrong A_CLEANUP(buf_free) = {0};
	const char *from = skip_blanks(text), *end;

	v->kind = *from == '['                     ? XLVALUE_LIST
		  : *from && strchr(digits, *from) ? XLVALUE_NUMBER
						   : XLVALUE_STRING;
	end = read_value(from, 0, v, &wrong);
	if (end && ends(end))
		return 0;
	strv_free(&v->items);
	if (is_bare(from)) {
		size_t length = strlen(from);

		while (length && strchr(" \t", from[length - 1]))
			length--;
		v->kind = XLVALUE_STRING;
		v->bare = true;
		strv_add_bytes(&v->items, from, length);
		return 0;
	}
	if (end)
		buf_printf(&wrong, "goes on behind its end, with %.20s", skip_blanks(end));
	buf_adds(why, buf_str(&wrong));
	return -1;
}

/* ---- of a record ------------------------------------------------------------------------------
 */

const char *xlvalue_key(const char *field)
{
	return !strncmp(field, "xl.", 3) ? field + 3 : NULL;
}

const char *xlvalue_key_problem(const char *key)
{
	if (!*key || !strchr(lower, *key))
		return "begins with something other than a-z";
	if (key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.")])
		return "has a character other than a-z, 0-9 and '_'";
	return NULL;
}

void xlvalue_collect(const struct rec *record, struct rec *xl)
{
	struct strset seen A_CLEANUP(strset_free) = {0};
	struct rec backwards A_CLEANUP(rec_free) = {0};

	for (size_t i = record->count; i-- > 0;) {
		uint32_t ignored = 0;

		if (xlvalue_key(record->fields[i].key) &&
		    strset_add(&seen, record->fields[i].key, &ignored))
			rec_borrow(&backwards, &record->fields[i]);
	}
	for (size_t i = backwards.count; i-- > 0;)
		rec_borrow(xl, &backwards.fields[i]);
}

int xlvalue_check(const struct rec *xl, struct fault *fault)
{
	for (size_t i = 0; i < xl->count; i++) {
		struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
		struct buf why A_CLEANUP(buf_free) = {0};
		const char *field = xl->fields[i].key, *key = xlvalue_key(field);
		const char *value = xl->fields[i].value;

		if (!key)
			continue;
		if (xlvalue_key_problem(key))
			return fault_set(fault, EX_DATAERR, "%.80s: xl takes no such key: it %s",
			    field, xlvalue_key_problem(key));
		if (xlvalue_read(value, &v, &why) == 0)
			continue;
		fault_set(fault, EX_DATAERR, "%.80s: %.200s %s", field, *value ? value : "''",
		    buf_str(&why));
		return fault_hint(fault,
		    "it is written to the xl file as it is, where a text has quotes: "
		    "%.80s=\"text\"",
		    key);
	}
	return 0;
}

bool xlvalue_get(const struct rec *xl, const char *key, struct xlvalue *v)
{
	struct buf field A_CLEANUP(buf_free) = {0}, why A_CLEANUP(buf_free) = {0};
	const char *text;

	buf_printf(&field, "xl.%s", key);
	text = rec_get(xl, buf_str(&field));
	return text && xlvalue_read(text, v, &why) == 0;
}

bool xlvalue_text(const struct rec *xl, const char *key, struct buf *into)
{
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};

	if (!xlvalue_get(xl, key, &v) || v.kind == XLVALUE_LIST)
		return false;
	buf_adds(into, v.items.items[0]);
	return true;
}
