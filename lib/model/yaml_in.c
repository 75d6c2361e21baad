/* The YAML reader: libyaml's events against the key registry. */
#include "model/config.h"

#include "core/suggest.h"

#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, KEY_MAX_BYTES = 255 };

struct reader {
	struct config *config;
	const struct buf *text;
	size_t skipped; /* bytes of a byte order mark */
	yaml_parser_t parser;
	yaml_event_t event;
	bool held;         /* event is ours to delete */
	bool stop;         /* nothing more can be read */
	struct buf path;   /* the key that is being read: "net.eth0" */
	const char *scope; /* "" or "targets.xen" */
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

	for (size_t i = r->skipped; i < offset + r->skipped && i < r->text->length; i++) {
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
		report_error(report, offset_place(r, p->problem_offset), "%s (byte 0x%02x)",
		    problem, p->problem_value < 0 ? 0 : (unsigned)p->problem_value);
	else if (p->context)
		report_error(report, place_of(r, p->problem_mark), "%s, %s (from line %zu)",
		    problem, p->context, p->context_mark.line + 1);
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
		report_error(
		    &r->config->report, here(r), "nested deeper than %d levels", DEPTH_MAX);
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
	const char *got = r->event.type == YAML_SCALAR_EVENT           ? "a single value"
			  : r->event.type == YAML_SEQUENCE_START_EVENT ? "a list"
								       : "a mapping";

	report_error(&r->config->report, here(r), "%.80s: expected %s, not %s", buf_str(&r->path),
	    expected, got);
	skip(r);
}

static void add_scalar(struct reader *r, const struct key *key)
{
	if (strlen(scalar(r)) != r->event.data.scalar.length)
		report_error(&r->config->report, here(r),
		    "%.80s: the value contains a NUL byte, which a record can't carry",
		    buf_str(&r->path));
	else
		config_add_to(r->config, r->into, here(r), key, buf_str(&r->path), scalar(r));
}

static void read_list(struct reader *r, const struct key *key)
{
	bool empty = true;

	if (is_nothing(r))
		return;
	if ((key->flags & KEY_OR_SCALAR) && r->event.type == YAML_SCALAR_EVENT) {
		add_scalar(r, key);
		return;
	}
	if (r->event.type != YAML_SEQUENCE_START_EVENT) {
		wrong_type(r, "a list such as [one, two]");
		return;
	}
	while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
		empty = false;
		if (refused(r))
			return;
		if (r->event.type == YAML_SCALAR_EVENT)
			add_scalar(r, key);
		else
			wrong_type(r, "single values in the list");
	}
	if (empty && *r->scope)
		strv_add(&r->config->emptied[target_find(r->scope)], buf_str(&r->path));
}

static bool is_key(const struct reader *r)
{
	return r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length &&
	       r->event.data.scalar.length <= KEY_MAX_BYTES &&
	       strcspn(scalar(r), ".") == r->event.data.scalar.length;
}

/* Moves to the next key of a mapping; false at its end. What can't be a key is reported and passed
 * over with its value. */
static bool next_key(struct reader *r)
{
	while (next(r) && r->event.type != YAML_MAPPING_END_EVENT && !refused(r)) {
		if (is_key(r))
			return true;
		report_error(&r->config->report, here(r),
		    "expected a key in front of ':', of at most %d bytes and without '.'",
		    KEY_MAX_BYTES);
		skip(r);
		if (next(r) && !refused(r))
			skip(r);
	}
	return false;
}

/* The path back to its first `length` bytes, and a segment behind it. */
static void set_path(struct reader *r, size_t length, const char *segment)
{
	r->path.length = length;
	if (length && segment)
		buf_addc(&r->path, '.');
	buf_adds(&r->path, segment ? segment : "");
}

static void read_section(struct reader *r);

static void unknown_key(struct reader *r, struct place at, size_t section)
{
	struct buf above A_CLEANUP(buf_free) = {0};
	const char *wanted;

	buf_add(&above, buf_str(&r->path), section);
	wanted = key_suggest(buf_str(&above), buf_str(&r->path) + section + (section != 0));

	if (wanted)
		report_error(&r->config->report, at, "%.80s: unknown key (did you mean '%s'?)",
		    buf_str(&r->path), wanted);
	else
		report_error(&r->config->report, at, "%.80s: unknown key", buf_str(&r->path));
	skip(r);
}

static void read_main_entry(struct reader *r)
{
	if (r->event.type != YAML_SCALAR_EVENT) {
		wrong_type(r, "an OCaml value path");
		return;
	}
	set_path(r, strlen("main"), "entry");
	add_scalar(r, key_find("main.entry"));
}

/* main: { noip: Hello.main } is main.kind=noip and main.entry=Hello.main. */
static void read_main(struct reader *r)
{
	size_t given = 0;
	struct place at = here(r);

	r->config->main_given = true;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		wrong_type(r, "a mapping such as { noip: Hello.main }");
		return;
	}
	r->depth++;
	while (next_key(r)) {
		struct place key_at = here(r);
		bool known = !strcmp(scalar(r), "noip") || !strcmp(scalar(r), "ip") ||
			     !strcmp(scalar(r), "http");

		set_path(r, strlen("main"), scalar(r));
		if (!known)
			report_error(&r->config->report, key_at,
			    "%.80s: unknown key, expected noip, ip or http", buf_str(&r->path));
		else if (given++ == 0)
			config_add(r->config, r->into, key_at, "main.kind", scalar(r));
		else
			report_error(
			    &r->config->report, key_at, "main: more than one of noip, ip and http");
		if (!next(r) || refused(r))
			return;
		if (known && given == 1)
			read_main_entry(r);
		else
			skip(r);
	}
	r->depth--;
	if (given == 0 && !r->stop)
		report_error(&r->config->report, at, "main: expected one of noip, ip and http");
}

static void unknown_target(struct reader *r)
{
	struct suggest suggest;

	suggest_start(&suggest, scalar(r));
	for (size_t i = 0; targets[i]; i++)
		suggest_offer(&suggest, targets[i]);
	if (suggest.best)
		report_error(&r->config->report, here(r),
		    "targets.%.80s: unknown target (did you mean '%s'?)", scalar(r), suggest.best);
	else
		report_error(&r->config->report, here(r),
		    "targets.%.80s: unknown target, expected one of " TARGET_WORDS, scalar(r));
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
	r->depth++;
	while (next_key(r)) {
		int target = target_find(scalar(r));

		if (target < 0)
			unknown_target(r);
		else if (!config_once(r->config, here(r), "targets", targets[target]))
			target = -1;
		if (!next(r) || refused(r))
			return;
		if (target < 0) {
			skip(r);
			continue;
		}
		r->scope = targets[target];
		r->into = &r->config->targets[target];
		set_path(r, 0, NULL);
		read_section(r);
		r->scope = "";
		r->into = &r->config->common;
	}
	r->depth--;
}

/* The value of a key that isn't a section, by its entry. */
static void read_leaf(struct reader *r, struct place at, const struct key *key)
{
	if (key->flags & KEY_RESULT) {
		report_error(&r->config->report, at, "%.80s: is written by %s, not configured",
		    buf_str(&r->path), key->producer);
		skip(r);
	} else if (*r->scope && !strcmp(key->pattern, "target")) {
		report_error(&r->config->report, at, "target: has no place inside targets");
		skip(r);
	} else if (key->flags & KEY_LIST) {
		read_list(r, key);
	} else if (r->event.type == YAML_SCALAR_EVENT) {
		add_scalar(r, key);
	} else {
		wrong_type(r, "a single value");
	}
}

/* Notes in `given` (lines, by entry) that a mapping has this key. Names of somebody's own go into
 * the configuration's set, since there may be any number of them. */
static bool first_time(
    struct reader *r, struct place at, const struct key *entry, uint32_t given[KEY_RANKS])
{
	uint32_t *line = &given[entry - keys];

	if (key_is_named(entry, buf_str(&r->path)))
		return config_once(r->config, at, r->scope, buf_str(&r->path));
	if (*line) {
		report_error(&r->config->report, at, "%.80s: given before, on line %u",
		    buf_str(&r->path), *line);
		return false;
	}
	*line = (uint32_t)at.line;
	return true;
}

/* The value of the key r->path, whose section is the path's first `section` bytes. */
static void read_value(struct reader *r, struct place at, size_t section, uint32_t given[KEY_RANKS])
{
	const struct key *entry;
	enum key_kind kind = key_look_up(buf_str(&r->path), &entry);
	bool is_targets = !*r->scope && !strcmp(buf_str(&r->path), "targets");

	if (is_targets && config_once(r->config, at, "", "targets"))
		read_targets(r);
	else if (is_targets)
		skip(r);
	else if (kind == KEY_UNKNOWN)
		unknown_key(r, at, section);
	else if (!first_time(r, at, entry, given))
		skip(r);
	else if (!strcmp(buf_str(&r->path), "main"))
		read_main(r);
	else if (kind == KEY_VALUE)
		read_leaf(r, at, entry);
	else
		read_section(r);
}

/* A mapping whose keys are below r->path. */
static void read_section(struct reader *r)
{
	size_t section = r->path.length;
	uint32_t given[KEY_RANKS] = {0};

	if (is_nothing(r))
		return;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		wrong_type(r, "a mapping");
		return;
	}
	r->depth++;
	while (next_key(r)) {
		struct place at = here(r);

		set_path(r, section, scalar(r));
		if (!next(r) || refused(r))
			return;
		read_value(r, at, section, given);
	}
	r->depth--;
	set_path(r, section, NULL);
}

static void read_document(struct reader *r)
{
	/* stream start, document start, the value */
	if (!next(r) || !next(r))
		return;
	r->stop = r->event.type == YAML_STREAM_END_EVENT;
	if (r->stop) {
		report_error(&r->config->report, (struct place){.file = r->config->file},
		    "is empty: see mirari-config(5), or mirari init");
		return;
	}
	if (!next(r) || refused(r))
		return;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		report_error(&r->config->report, here(r),
		    "expected a mapping of keys and values, such as 'name: hello'");
		r->stop = true;
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
	/* with an encoding set, libyaml leaves the byte order mark to us */
	r.skipped = text->length >= 3 && !memcmp(text->bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)buf_str(text) + r.skipped, text->length - r.skipped);
	read_document(&r);
	/* what could not be read is not missing */
	c->name_given = c->name_given || r.stop;
	c->main_given = c->main_given || r.stop;
	if (r.held)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	buf_free(&r.path);
}
