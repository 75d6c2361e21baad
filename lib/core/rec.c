#include "core/rec.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rec_free(struct rec *r)
{
	arena_free(&r->strings);
	free(r->fields);
	*r = (struct rec){0};
}

static bool in_segment(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       (!first && c >= 'A' && c <= 'Z');
}

const char *rec_key_problem(const char *key)
{
	bool first = true;

	/* with its '=', and a value of nothing */
	if (strlen(key) + 1 > LINE_MAX_BYTES)
		return "makes a line longer than 65535 bytes";
	if (!(key[0] >= 'a' && key[0] <= 'z'))
		return "does not start with a lower-case letter";
	for (const char *p = key; *p; p++) {
		if (*p == '.') {
			if (p[1] == '.' || !p[1])
				return "has an empty segment";
			first = false;
		} else if (!in_segment(*p, first)) {
			return first ? "has a character other than a-z, 0-9, '_' and '-'"
				     : "has a character other than A-Z, a-z, 0-9, '_' and '-'";
		}
	}
	return NULL;
}

const char *rec_value_problem(const char *value)
{
	size_t length = strcspn(value, "\n\r");

	if (value[length] == '\n')
		return "contains a newline";
	if (value[length] == '\r')
		return "contains a carriage return";
	/* with a key of one letter and its '=' */
	if (length + 2 > LINE_MAX_BYTES)
		return "makes a line longer than 65535 bytes";
	return NULL;
}

static struct field *new_field(struct rec *r)
{
	if (r->count == r->room) {
		r->room = r->room ? r->room * 2 : 32;
		r->fields = mem_resize(r->fields, r->room, sizeof *r->fields);
	}
	return &r->fields[r->count++];
}

static void append(
    struct rec *r, const char *key, size_t key_length, const char *value, size_t value_length)
{
	struct field *field = new_field(r);

	/* the key of a long list is kept once */
	if (r->count > 1 && !strncmp(field[-1].key, key, key_length) && !field[-1].key[key_length])
		field->key = field[-1].key;
	else
		field->key = arena_copy(&r->strings, key, key_length);
	field->value = arena_copy(&r->strings, value, value_length);
}

void rec_borrow(struct rec *r, const struct field *field)
{
	*new_field(r) = *field;
}

int rec_add(struct rec *r, const char *key, const char *value, struct fault *fault)
{
	const char *problem = rec_key_problem(key);

	if (problem)
		return fault_set(fault, EX_DATAERR, "key '%.60s' %s", key, problem);
	problem = rec_value_problem(value);
	if (!problem && strlen(key) + 1 + strlen(value) > LINE_MAX_BYTES)
		problem = "makes a line longer than 65535 bytes";
	if (problem)
		return fault_set(fault, EX_DATAERR, "value of %.60s %s, which a record can't carry",
		    key, problem);
	append(r, key, strlen(key), value, strlen(value));
	return 0;
}

void rec_remove(struct rec *r, const char *key)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->fields[i].key, key))
			r->fields[kept++] = r->fields[i];
	r->count = kept;
}

bool rec_each(const struct rec *r, const char *key, size_t *i, const char **value)
{
	while (*i < r->count) {
		const struct field *field = &r->fields[(*i)++];

		if (!strcmp(field->key, key)) {
			*value = field->value;
			return true;
		}
	}
	return false;
}

const char *rec_get(const struct rec *r, const char *key)
{
	for (size_t i = r->count; i-- > 0;)
		if (!strcmp(r->fields[i].key, key))
			return r->fields[i].value;
	return NULL;
}

void rec_get_all(const struct rec *r, const char *key, struct strv *into)
{
	const char *value;

	for (size_t i = 0; rec_each(r, key, &i, &value);)
		strv_add(into, value);
}

/* One line of a record into the record. */
static int take_line(
    struct rec *r, const struct lineread *from, char *line, size_t length, struct fault *fault)
{
	char *equals = memchr(line, '=', length);
	const char *problem = NULL;

	if (memchr(line, '\0', length))
		problem = "contains a NUL byte";
	else if (memchr(line, '\r', length))
		problem = "contains a carriage return";
	else if (!equals)
		problem = "has no '='";
	if (problem)
		return fault_set(fault, EX_DATAERR, "%s:%zu: line %s: %.60s", from->name,
		    from->line, problem, line);
	*equals = '\0';
	problem = rec_key_problem(line);
	if (problem)
		return fault_set(fault, EX_DATAERR, "%s:%zu: key '%.60s' %s", from->name,
		    from->line, line, problem);
	append(r, line, (size_t)(equals - line), equals + 1, length - (size_t)(equals + 1 - line));
	return 0;
}

int rec_read(struct rec *r, struct lineread *from, struct fault *fault)
{
	size_t first = from->line;
	char *line;
	size_t length;
	int got;

	while ((got = lineread_next(from, &line, &length, fault)) > 0) {
		if (length == 0)
			return 1;
		if (take_line(r, from, line, length, fault) < 0)
			return -1;
	}
	if (got == 0 && from->line > first)
		return fault_set(fault, EX_DATAERR,
		    "%s:%zu: the record is not ended by an empty line: what wrote it failed",
		    from->name, from->line);
	return got;
}

int rec_read_stdin(struct rec *r, struct fault *fault)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	char *line;
	size_t length;
	int got;

	lineread_start(&from, STDIN_FILENO, "standard input");
	got = rec_read(r, &from, fault);
	if (got < 0)
		return -1;
	if (got == 0) {
		fault_set(fault, EX_DATAERR, "no record on standard input");
		return fault_hint(fault, "records come from mirari-parse: mirari-parse FILE | …");
	}
	got = lineread_next(&from, &line, &length, fault);
	if (got > 0)
		return fault_set(
		    fault, EX_DATAERR, "%s:%zu: more than one record", from.name, from.line);
	return got;
}

void rec_write(const struct rec *r, struct buf *into)
{
	for (size_t i = 0; i < r->count; i++) {
		buf_adds(into, r->fields[i].key);
		buf_addc(into, '=');
		buf_adds(into, r->fields[i].value);
		buf_addc(into, '\n');
	}
	buf_addc(into, '\n');
}

int rec_apply(struct rec *r, const struct strv *settings, struct fault *fault)
{
	struct strv seen A_CLEANUP(strv_free) = {0};

	for (size_t i = 0; i < settings->count; i++) {
		const char *setting = settings->items[i], *equals = strchr(setting, '=');
		struct buf key A_CLEANUP(buf_free) = {0};

		if (!equals)
			return fault_set(fault, EX_USAGE, "--set %s: expected KEY=VALUE", setting);
		buf_add(&key, setting, (size_t)(equals - setting));
		if (!strv_has(&seen, buf_str(&key)))
			rec_remove(r, buf_str(&key));
		strv_add(&seen, buf_str(&key));
		if (rec_add(r, buf_str(&key), equals + 1, fault) < 0) {
			fault->status = EX_USAGE;
			return -1;
		}
	}
	return 0;
}
