/* The YAML reader: libyaml's events against the key registry. */
#include "model/config.h"

#include "core/suggest.h"

#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, KEY_MAX_BYTES = 255 };

struct reader {
	struct config *config;
	const struct buf *text;
	yaml_parser_t parser;
	yaml_event_t event;
	bool held;          /* event is ours to delete */
	bool stop;          /* nothing more can be read */
	struct buf path;    /* the key that is being read: "net.eth0" */
	const char *scope;  /* "" or "targets.xen" */
	struct rec *into;
	size_t depth;
};

static struct place place_of(const struct reader *r, yaml_mark_t mark)
{
	return (struct place){r->config->file, mark.line + 1, mark.column + 1};
}

static struct place here(const struct reader *r)
{
	return place_of(r, r->event.start_mark);
}

/* libyaml gives the reader's errors (bad UTF-8, control characters) as an offset in the bytes. */
static struct place offset_place(const struct reader *r, size_t offset)
{
	struct place at = {r->config->file, 1, 1};

	for (size_t i = 0; i < offset && i < r->text->length; i++) {
		unsigned char c = (unsigned char)r->text->bytes[i];

		if (c == '\n') {
			at.line++;
			at.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

static void report_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "cannot be read";
	struct report *report = &r->config->report;

	if (p->error == YAML_READER_ERROR)
		report_error(report, offset_place(r, p->problem_offset), "%s (byte 0x%02x)", problem,
		    p->problem_value < 0 ? 0 : (unsigned)p->problem_value);
	else if (p->context)
		report_error(report, place_of(r, p->problem_mark), "%s, %s (from line %zu)", problem,
		    p->context, p->context_mark.line + 1);
	else
		report_error(report, place_of(r, p->problem_mark), "%s", problem);
}

/* Moves to the next event; false when there is none to be had (it has been reported). */
static bool next(struct reader *r)
{
	if (r->held)
		yaml_event_delete(&r->event);
	r->held = false;
	if (r->stop)
		return false;
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		report_parser(r);
		r->stop = true;
		return false;
	}
	r->held = true;
	return true;
}

static const char *scalar(const struct reader *r)
{
	return (const char *)r->event.data.scalar.value;
}

/* A value of nothing at all, as left behind when a section's lines are commented out. */
static bool is_nothing(const struct reader *r)
{
	return r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0 &&
	       r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool has_tag(const struct reader *r)
{
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return r->event.data.scalar.tag || r->event.data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return r->event.data.sequence_start.tag || r->event.data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return r->event.data.mapping_start.tag || r->event.data.mapping_start.anchor;
	default:
		return r->event.type == YAML_ALIAS_EVENT;
	}
}

/* What no configuration needs and no later line can mend: reading ends there. */
static bool refused(struct reader *r)
{
	if (has_tag(r)) {
		report_error(&r->config->report, here(r),
		    "anchors, aliases and tags are not accepted: write the value out");
		r->stop = true;
	} else if (r->depth > DEPTH_MAX) {
		report_error(&r->config->report, here(r), "nested deeper than %d levels", DEPTH_MAX);
		r->stop = true;
	}
	return r->stop;
}

/* Passes over the value that begins with the current event. */
static void skip(struct reader *r)
{
	size_t open = 0;

	do {
		switch (r->event.type) {
		case YAML_MAPPING_START_EVENT:
		case YAML_SEQUENCE_START_EVENT:
			open++;
			r->depth++;
			break;
		case YAML_MAPPING_END_EVENT:
		case YAML_SEQUENCE_END_EVENT:
			open--;
			r->depth--;
			break;
		default:
			break;
		}
		if (refused(r))
			return;
	} while (open && next(r));
}

static void wrong_type(struct reader *r, const char *expected)
{
	const char *got = r->event.type == YAML_SCALAR_EVENT            ? "a single value"
			  : r->event.type == YAML_SEQUENCE_START_EVENT ? "a list"
								       : "a mapping";

	report_error(&r->config->report, here(r), "%.80s: expected %s, not %s", buf_str(&r->path),
	    expected, got);
	skip(r);
}

static void add_scalar(struct reader *r)
{
	if (strlen(scalar(r)) != r->event.data.scalar.length)
		report_error(&r->config->report, here(r),
		    "%.80s: the value contains a NUL byte, which a record can't carry",
		    buf_str(&r->path));
	else
		config_add(r->config, r->into, here(r), buf_str(&r->path), scalar(r));
}

static void read_list(struct reader *r, const struct key *key)
{
	if (is_nothing(r))
		return;
	if ((key->flags & KEY_OR_SCALAR) && r->event.type == YAML_SCALAR_EVENT) {
		add_scalar(r);
		return;
	}
	if (r->event.type != YAML_SEQUENCE_START_EVENT) {
		wrong_type(r, "a list such as [one, two]");
		return;
	}
	while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
		if (refused(r))
			return;
		if (r->event.type == YAML_SCALAR_EVENT)
			add_scalar(r);
		else
			wrong_type(r, "single values in the list");
	}
}

static void read_section(struct reader *r);

static void unknown_key(struct reader *r, struct place at, const char *section)
{
	const char *segment = buf_str(&r->path) + strlen(section) + (*section != '\0');
	const char *wanted = key_suggest(section, segment);

	if (wanted)
		report_error(&r->config->report, at, "%.80s: unknown key (did you mean '%s'?)",
		    buf_str(&r->path), wanted);
	else
		report_error(&r->config->report, at, "%.80s: unknown key", buf_str(&r->path));
	skip(r);
}

/* main: { noip: Hello.main } is main.kind=noip and main.entry=Hello.main. */
static void read_main(struct reader *r)
{
	size_t given = 0;
	struct place at = here(r);

	if (r->event.type != YAML_MAPPING_START_EVENT) {
		wrong_type(r, "a mapping such as { noip: Hello.main }");
		return;
	}
	while (next(r) && r->event.type == YAML_SCALAR_EVENT && !refused(r)) {
		size_t length = r->path.length;

		at = here(r);
		buf_printf(&r->path, ".%s", scalar(r));
		if (strcmp(scalar(r), "noip") && strcmp(scalar(r), "ip") && strcmp(scalar(r), "http")) {
			report_error(&r->config->report, at,
			    "%.80s: unknown key, expected noip, ip or http", buf_str(&r->path));
			if (next(r))
				skip(r);
		} else {
			if (given++ == 0)
				config_add(r->config, r->into, at, "main.kind", scalar(r));
			if (next(r) && !refused(r) && r->event.type == YAML_SCALAR_EVENT)
				config_add(r->config, r->into, here(r), "main.entry", scalar(r));
			else if (r->held && !r->stop)
				wrong_type(r, "an OCaml value path");
		}
		r->path.length = length;
		r->path.bytes[length] = '\0';
	}
	if (given > 1)
		report_error(&r->config->report, at, "main: more than one of noip, ip and http");
	if (given == 0 && !r->stop)
		report_error(&r->config->report, at, "main: expected one of noip, ip and http");
}

/* targets: { xen: { … }, … }: each is the top level once more, into its own record. */
static void read_targets(struct reader *r)
{
	if (is_nothing(r))
		return;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		wrong_type(r, "a mapping of targets");
		return;
	}
	while (next(r) && r->event.type == YAML_SCALAR_EVENT && !refused(r)) {
		int target = target_find(scalar(r));
		struct place at = here(r);
		struct suggest suggest;

		if (target < 0) {
			suggest_start(&suggest, scalar(r));
			for (size_t i = 0; targets[i]; i++)
				suggest_offer(&suggest, targets[i]);
			report_error(&r->config->report, at, "targets.%.80s: unknown target%s%s%s",
			    scalar(r), suggest.best ? " (did you mean '" : ", expected one of ",
			    suggest.best ? suggest.best : TARGET_WORDS, suggest.best ? "'?)" : "");
		} else if (!config_once(r->config, at, "targets", targets[target])) {
			target = -1;
		}
		if (!next(r) || refused(r))
			return;
		if (target < 0) {
			skip(r);
			continue;
		}
		r->scope = targets[target];
		r->into = &r->config->targets[target];
		buf_clear(&r->path);
		read_section(r);
		r->scope = "";
		r->into = &r->config->common;
	}
}

static void read_value(struct reader *r, struct place at, const char *section)
{
	const struct key *key;

	if (!*section && !strcmp(buf_str(&r->path), "main")) {
		read_main(r);
		return;
	}
	if (!*section && !*r->scope && !strcmp(buf_str(&r->path), "targets")) {
		read_targets(r);
		return;
	}
	key = key_find(buf_str(&r->path));
	if (key && (key->flags & KEY_RESULT)) {
		report_error(&r->config->report, at, "%.80s: is written by %s, not configured",
		    buf_str(&r->path), key->producer);
		skip(r);
	} else if (key && *r->scope && !strcmp(key->pattern, "target")) {
		report_error(&r->config->report, at, "target: has no place inside targets");
		skip(r);
	} else if (key && (key->flags & KEY_LIST)) {
		read_list(r, key);
	} else if (key && r->event.type == YAML_SCALAR_EVENT) {
		add_scalar(r);
	} else if (key) {
		wrong_type(r, "a single value");
	} else if (key_is_section(buf_str(&r->path))) {
		read_section(r);
	} else {
		unknown_key(r, at, section);
	}
}

static bool is_key(const struct reader *r)
{
	return r->event.type == YAML_SCALAR_EVENT &&
	       r->event.data.scalar.length <= KEY_MAX_BYTES &&
	       strlen(scalar(r)) == r->event.data.scalar.length;
}

/* A mapping whose keys are below r->path. */
static void read_section(struct reader *r)
{
	struct buf section A_CLEANUP(buf_free) = {0};

	if (is_nothing(r))
		return;
	buf_adds(&section, buf_str(&r->path));
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		wrong_type(r, "a mapping");
		return;
	}
	r->depth++;
	while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
		struct place at = here(r);
		bool fresh;

		if (refused(r))
			return;
		if (!is_key(r)) {
			report_error(&r->config->report, at,
			    "expected a key of at most %d bytes in front of ':'", KEY_MAX_BYTES);
			skip(r);
			if (next(r))
				skip(r);
			continue;
		}
		buf_clear(&r->path);
		buf_printf(&r->path, "%s%s%s", buf_str(&section), section.length ? "." : "", scalar(r));
		fresh = config_once(r->config, at, r->scope, buf_str(&r->path));
		if (!next(r) || refused(r))
			return;
		if (fresh)
			read_value(r, at, buf_str(&section));
		else
			skip(r);
	}
	r->depth--;
	buf_clear(&r->path);
	buf_adds(&r->path, buf_str(&section));
}

static void read_document(struct reader *r)
{
	/* stream start, document start, the value */
	if (!next(r) || !next(r))
		return;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		report_error(&r->config->report, (struct place){.file = r->config->file},
		    "is empty: see mirari-config(5), or mirari init");
		return;
	}
	if (!next(r) || refused(r))
		return;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		report_error(&r->config->report, here(r),
		    "expected a mapping of keys and values, such as 'name: hello'");
		return;
	}
	read_section(r);
	if (!next(r) || !next(r))
		return;
	if (r->event.type != YAML_STREAM_END_EVENT)
		report_error(&r->config->report, here(r), "more than one document");
}

void yaml_read(struct config *c, const struct buf *text)
{
	struct reader r = {.config = c, .text = text, .scope = "", .into = &c->common};

	if (!yaml_parser_initialize(&r.parser)) {
		report_error(&c->report, (struct place){.file = c->file}, "libyaml: out of memory");
		return;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)buf_str(text), text->length);
	read_document(&r);
	if (r.held)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	buf_free(&r.path);
}
