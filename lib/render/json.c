#include "render/json.h"

#include "core/utf8.h"
#include "model/tree.h"

#include <string.h>

int json_string(struct buf *into, const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		return -1;
	buf_addc(into, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(into, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			buf_printf(into, "\\u%04x", *p);
		else
			buf_addc(into, (char)*p);
	}
	buf_addc(into, '"');
	return 0;
}

struct json {
	struct buf *out;
	struct fault *fault;
	int result;
	bool first; /* nothing in the current object yet */
};

static void begin(struct json *j, const char *name, size_t depth)
{
	buf_printf(
	    j->out, "%s\n%*s\"%s\": ", j->first ? "" : ",", (int)(2 * (depth + 1)), "", name);
	j->first = false;
}

static void open_object(void *context, const char *name, size_t depth)
{
	struct json *j = context;

	begin(j, name, depth - 1);
	buf_addc(j->out, '{');
	j->first = true;
}

static void close_object(void *context, size_t depth)
{
	struct json *j = context;

	buf_printf(j->out, "\n%*s}", (int)(2 * depth), "");
	j->first = false;
}

static void value(struct json *j, const struct field *field, const struct key *key)
{
	if (key && (key->rule.type == VALUE_INTEGER || key->rule.type == VALUE_BOOLEAN))
		buf_adds(j->out, field->value);
	else if (json_string(j->out, field->value) < 0 && j->result == 0)
		j->result = fault_set(j->fault, EX_DATAERR,
		    "value of %s is not UTF-8, which JSON can't carry", field->key);
}

static void leaf(void *context, const char *name, const struct field *fields, size_t count,
    const struct key *key, size_t depth)
{
	struct json *j = context;

	begin(j, name, depth);
	if (key && !(key->flags & KEY_LIST)) {
		value(j, &fields[count - 1], key);
		return;
	}
	buf_addc(j->out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_adds(j->out, ", ");
		value(j, &fields[i], key);
	}
	buf_addc(j->out, ']');
}

int json_record(const struct rec *record, struct buf *into, struct fault *fault)
{
	struct json j = {.out = into, .fault = fault, .first = true};
	struct tree_writer w = {&j, open_object, close_object, leaf};

	buf_addc(into, '{');
	tree_walk(record, &w);
	buf_adds(into, "\n}\n");
	return j.result;
}
