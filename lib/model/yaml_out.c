/* A record as a YAML configuration, by libyaml's emitter. */
#include "model/config.h"
#include "model/tree.h"

#include "core/utf8.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

struct writer {
	yaml_emitter_t emitter;
	struct buf *out;
	bool failed;
};

static int append(void *context, unsigned char *bytes, size_t length)
{
	struct writer *w = context;

	buf_add(w->out, bytes, length);
	return !buf_over(w->out);
}

static void emit(struct writer *w, yaml_event_t *event, int made)
{
	if (!made || w->failed || !yaml_emitter_emit(&w->emitter, event))
		w->failed = true;
}

/* What every YAML reader takes for a string without quotes; the rest is quoted. */
static bool plain(const char *text)
{
	static const char *const words[] = {
	    "y", "n", "yes", "no", "true", "false", "on", "off", "null"};

	if (!isalpha((unsigned char)text[0]) && text[0] != '/' && text[0] != '_')
		return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcasecmp(text, words[i]))
			return false;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_./+-", *p))
			return false;
	return true;
}

static void scalar(struct writer *w, const char *text, bool as_is)
{
	yaml_event_t event;
	yaml_scalar_style_t style =
	    as_is || plain(text) ? YAML_PLAIN_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;

	emit(w, &event,
	    yaml_scalar_event_initialize(
		&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style));
}

static void start_mapping(struct writer *w)
{
	yaml_event_t event;

	emit(w, &event,
	    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void end_mapping(struct writer *w)
{
	yaml_event_t event;

	emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

static void open_section(void *context, const char *name, size_t depth)
{
	(void)depth;
	scalar(context, name, false);
	start_mapping(context);
}

static void close_section(void *context, size_t depth)
{
	(void)depth;
	end_mapping(context);
}

static void value(struct writer *w, const struct field *field, const struct key *key)
{
	scalar(w, field->value,
	    key && (key->rule.type == VALUE_INTEGER || key->rule.type == VALUE_BOOLEAN));
}

static void leaf(void *context, const char *name, const struct field *fields, size_t count,
    const struct key *key, size_t depth)
{
	struct writer *w = context;
	yaml_event_t event;

	(void)depth;
	if (!strcmp(fields->key, "main.kind")) {
		scalar(w, fields->value, false); /* its value is main.entry's, which comes next */
		return;
	}
	if (strcmp(fields->key, "main.entry") != 0)
		scalar(w, name, false);
	if (!key || !(key->flags & KEY_LIST)) {
		value(w, &fields[count - 1], key);
		return;
	}
	emit(w, &event,
	    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		count > 8 ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE));
	for (size_t i = 0; i < count; i++)
		value(w, &fields[i], key);
	emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static bool is_result(const char *name)
{
	const struct key *key = key_find(name);

	return key && (key->flags & KEY_RESULT);
}

int yaml_write(const struct rec *record, struct buf *into, struct fault *fault)
{
	struct rec given A_CLEANUP(rec_free) = {0};
	struct writer w = {.out = into};
	struct tree_writer tree = {&w, open_section, close_section, leaf};
	yaml_event_t event;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];

		if (!utf8_valid(f->value, strlen(f->value)))
			return fault_set(fault, EX_DATAERR,
			    "value of %s is not UTF-8, which YAML can't carry", f->key);
		if (!is_result(f->key) && rec_add(&given, f->key, f->value, fault) < 0)
			return -1;
	}
	if (!yaml_emitter_initialize(&w.emitter))
		return fault_set(fault, EX_OSERR, "libyaml: out of memory");
	yaml_emitter_set_output(&w.emitter, append, &w);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1);
	emit(&w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	start_mapping(&w);
	tree_walk(&given, &tree);
	end_mapping(&w);
	emit(&w, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&w, &event, yaml_stream_end_event_initialize(&event));
	if (w.failed)
		fault_set(fault, EX_DATAERR, "YAML can't carry this record: %s",
		    w.emitter.problem ? w.emitter.problem : "out of memory");
	yaml_emitter_delete(&w.emitter);
	return w.failed ? -1 : 0;
}
