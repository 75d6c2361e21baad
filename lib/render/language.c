#include "render/language.h"

#include "core/shell.h"
#include "render/ocaml.h"

#include <string.h>

enum language language_of(const char *file)
{
	size_t length = strlen(file);

	if (length > 3 && !strcmp(file + length - 3, ".ml"))
		return LANGUAGE_OCAML;
	if (!strcmp(file, "Makefile"))
		return LANGUAGE_MAKE;
	if (!strcmp(file, "dune"))
		return LANGUAGE_DUNE;
	if (length > 7 && !strcmp(file + length - 7, ".obuild"))
		return LANGUAGE_OBUILD;
	return LANGUAGE_SHELL;
}

void language_comment(enum language language, const char *text, struct buf *into)
{
	if (language == LANGUAGE_OCAML)
		buf_printf(into, "(* %s *)\n", text);
	else
		buf_printf(into, "%s %s\n", language == LANGUAGE_DUNE ? ";" : "#", text);
}

/* The right side of an assignment (GNU make manual, 3.1 and 6.1). */
static void make_text(struct buf *into, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '$')
			buf_addc(into, '$');
		else if (*p == '#' || (*p == '\\' && (!p[1] || p[1] == '#' || p[1] == '\\')))
			buf_addc(into, '\\');
		buf_addc(into, *p);
	}
}

/* An atom where that is possible, else a string (dune manual, "Lexical conventions"). */
static void dune_text(struct buf *into, const char *text)
{
	const char *special = " \t\"();\\%{}#|";

	if (*text && !text[strcspn(text, special)]) {
		buf_adds(into, text);
		return;
	}
	buf_addc(into, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(into, "\\%c", *p);
		else if (*p == '%' && p[1] == '{')
			buf_adds(into, "\\%");
		else if (*p < ' ' || *p == 0x7f)
			buf_printf(into, "\\x%02x", *p);
		else
			buf_addc(into, (char)*p);
	}
	buf_addc(into, '"');
}

/* obuild's files have no quoting at all. */
static const char *obuild_text(struct buf *into, const char *text)
{
	for (const char *p = text; *p; p++)
		if (strchr(" \t,:#\"'()\\", *p) || (unsigned char)*p < ' ')
			return "can't be written in an obuild file, which has no quoting";
	buf_adds(into, text);
	return NULL;
}

static bool is_literal(const struct key *key)
{
	return key && (key->rule.type == VALUE_INTEGER || key->rule.type == VALUE_BOOLEAN ||
			  key->rule.type == VALUE_OCAML_VALUE);
}

static const char *write_one(
    enum language language, const struct key *key, const char *value, struct buf *into)
{
	if (is_literal(key)) {
		buf_adds(into, value);
		return NULL;
	}
	switch (language) {
	case LANGUAGE_OCAML:
		ocaml_string(into, value, strlen(value));
		return NULL;
	case LANGUAGE_MAKE:
		make_text(into, value);
		return NULL;
	case LANGUAGE_DUNE:
		dune_text(into, value);
		return NULL;
	case LANGUAGE_OBUILD:
		return obuild_text(into, value);
	case LANGUAGE_SHELL:
		break;
	}
	shell_word(into, value);
	return NULL;
}

static const char *write_list(
    enum language language, const struct key *key, const struct strv *values, struct buf *into)
{
	const char *between = language == LANGUAGE_OCAML    ? "; "
			      : language == LANGUAGE_OBUILD ? ", "
							    : " ";
	const char *problem = NULL;

	if (language == LANGUAGE_OCAML)
		buf_addc(into, '[');
	for (size_t i = 0; i < values->count && !problem; i++) {
		if (i)
			buf_adds(into, between);
		problem = write_one(language, key, values->items[i], into);
	}
	if (language == LANGUAGE_OCAML)
		buf_addc(into, ']');
	return problem;
}

const char *language_write(enum language language, const struct key *key, const struct strv *values,
    bool optional, struct buf *into)
{
	bool some = optional && language == LANGUAGE_OCAML;
	const char *problem;

	if (!key || (key->flags & KEY_LIST))
		return write_list(language, key, values, into);
	if (!values->count) {
		if (some)
			buf_adds(into, "None");
		return optional ? NULL : "is missing";
	}
	if (some)
		buf_adds(into, "(Some ");
	problem = write_one(language, key, values->items[values->count - 1], into);
	if (some)
		buf_addc(into, ')');
	return problem;
}
