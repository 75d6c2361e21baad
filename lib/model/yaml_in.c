/* The YAML reader: libyaml's events against the key registry. */
#include "model/config.h"

#include "core/suggest.h"
#include "model/yaml_reader.h"

#include <string.h>

void yaml_wrong_type(struct reader *r, const char *expected)
{
	const char *got = r->in.event.type == YAML_SCALAR_EVENT           ? "a single value"
			  : r->in.event.type == YAML_SEQUENCE_START_EVENT ? "a list"
									  : "a mapping";

	report_error(&r->config->report, stream_here(&r->in), "%.80s: expected %s, not %s",
	    buf_str(&r->path), expected, got);
	stream_skip(&r->in);
}

/* The scalar as a value of the key, with `before` in front. */
void yaml_add_scalar(struct reader *r, const struct key *key, const char *before)
{
	struct buf value A_CLEANUP(buf_free) = {0};

	if (strlen(stream_scalar(&r->in)) != r->in.event.data.scalar.length) {
		report_error(&r->config->report, stream_here(&r->in),
		    "%.80s: the value contains a NUL byte, which a record can't carry",
		    buf_str(&r->path));
		return;
	}
	if (*before)
		buf_printf(&value, "%s%s", before, stream_scalar(&r->in));
	config_add_to(r->config, r->into, stream_here(&r->in), key, buf_str(&r->path),
	    *before ? buf_str(&value) : stream_scalar(&r->in));
}

static void read_list(struct reader *r, const struct key *key)
{
	bool empty = true;

	if (stream_is_nothing(&r->in))
		return;
	if ((key->flags & KEY_OR_SCALAR) && r->in.event.type == YAML_SCALAR_EVENT) {
		yaml_add_scalar(r, key, "");
		return;
	}
	if (r->in.event.type != YAML_SEQUENCE_START_EVENT) {
		yaml_wrong_type(r, "a list such as [one, two]");
		return;
	}
	while (stream_next(&r->in) && r->in.event.type != YAML_SEQUENCE_END_EVENT) {
		empty = false;
		if (stream_refused(&r->in))
			return;
		if (r->in.event.type == YAML_SCALAR_EVENT)
			yaml_add_scalar(r, key, "");
		else
			yaml_wrong_type(r, "single values in the list");
	}
	if (empty && *r->scope)
		strv_add(&r->config->emptied[target_find(r->scope)], buf_str(&r->path));
}

/* The path back to its first `length` bytes, and a segment behind it. */
void yaml_set_path(struct reader *r, size_t length, const char *segment)
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
	stream_skip(&r->in);
}

static void unknown_target(struct reader *r)
{
	struct suggest suggest;

	suggest_start(&suggest, stream_scalar(&r->in));
	for (size_t i = 0; targets[i]; i++)
		suggest_offer(&suggest, targets[i]);
	if (suggest.best)
		report_error(&r->config->report, stream_here(&r->in),
		    "targets.%.80s: unknown target (did you mean '%s'?)", stream_scalar(&r->in),
		    suggest.best);
	else
		report_error(&r->config->report, stream_here(&r->in),
		    "targets.%.80s: unknown target, expected one of " TARGET_WORDS,
		    stream_scalar(&r->in));
}

/* targets: { xen: { … }, … }: each is the top level once more, into its own record. */
static void read_targets(struct reader *r)
{
	if (stream_is_nothing(&r->in))
		return;
	if (r->in.event.type != YAML_MAPPING_START_EVENT) {
		yaml_wrong_type(r, "a mapping of targets");
		return;
	}
	r->in.depth++;
	while (stream_next_key(&r->in)) {
		int target = target_find(stream_scalar(&r->in));

		if (target < 0)
			unknown_target(r);
		else if (!config_once(r->config, stream_here(&r->in), "targets", targets[target]))
			target = -1;
		if (!stream_next(&r->in) || stream_refused(&r->in))
			return;
		if (target < 0) {
			stream_skip(&r->in);
			continue;
		}
		r->config->listed[target] = true;
		r->scope = targets[target];
		r->into = &r->config->targets[target];
		yaml_set_path(r, 0, NULL);
		read_section(r);
		r->scope = "";
		r->into = &r->config->common;
	}
	r->in.depth--;
}

/* The value of a key that isn't a section, by its entry. */
void yaml_read_leaf(struct reader *r, struct place at, const struct key *key)
{
	if (key->flags & KEY_RESULT) {
		report_error(&r->config->report, at, "%.80s: is written by %s, not configured",
		    buf_str(&r->path), key->producer);
		stream_skip(&r->in);
	} else if (*r->scope && !strcmp(key->pattern, "target")) {
		report_error(&r->config->report, at, "target: has no place inside targets");
		stream_skip(&r->in);
	} else if (key->flags & KEY_LIST) {
		read_list(r, key);
	} else if (r->in.event.type == YAML_SCALAR_EVENT) {
		yaml_add_scalar(r, key, "");
	} else {
		yaml_wrong_type(r, "a single value");
	}
}

/* Notes in `given` (lines, by entry) that a mapping has this key. Names of somebody's own go into
 * the configuration's set, since there may be any number of them. */
static bool first_time(
    struct reader *r, struct place at, const struct key *entry, uint32_t given[KEY_RANKS])
{
	uint32_t *line = &given[entry - keys];

	/* the latter may come from switch or bridge, too */
	if (key_is_named(entry, buf_str(&r->path)) || !strncmp(buf_str(&r->path), "opam.", 5) ||
	    !strcmp(entry->pattern, "net.*.bridge-create"))
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
		stream_skip(&r->in);
	else if (kind == KEY_UNKNOWN)
		unknown_key(r, at, section);
	else if (!first_time(r, at, entry, given))
		stream_skip(&r->in);
	else if (!strcmp(buf_str(&r->path), "main"))
		yaml_read_main(r);
	else if (kind != KEY_VALUE)
		read_section(r);
	else if (yaml_read_compound(r, at, entry))
		return;
	else if (!strcmp(buf_str(&r->path), "switch"))
		yaml_read_switch_name(r, at, entry);
	else
		yaml_read_leaf(r, at, entry);
}

/* A section may be empty, but a device that somebody named would vanish without a word. */
static void report_empty(struct reader *r, struct place at)
{
	const struct key *entry;

	if (key_look_up(buf_str(&r->path), &entry) == KEY_SECTION &&
	    key_is_named(entry, buf_str(&r->path)))
		report_error(&r->config->report, at,
		    "%.80s: has no keys, so there is nothing to say that it is there",
		    buf_str(&r->path));
}

/* A mapping whose keys are below r->path. */
static void read_section(struct reader *r)
{
	size_t section = r->path.length;
	uint32_t given[KEY_RANKS] = {0};
	struct place start = stream_here(&r->in);
	bool empty = true;

	if (stream_is_nothing(&r->in)) {
		report_empty(r, start);
		return;
	}
	if (r->in.event.type != YAML_MAPPING_START_EVENT) {
		yaml_wrong_type(r, "a mapping");
		return;
	}
	r->in.depth++;
	while (stream_next_key(&r->in)) {
		struct place at = stream_here(&r->in);

		empty = false;
		yaml_set_path(r, section, stream_scalar(&r->in));
		if (!stream_next(&r->in) || stream_refused(&r->in))
			return;
		read_value(r, at, section, given);
	}
	r->in.depth--;
	yaml_set_path(r, section, NULL);
	if (empty && !r->in.stop)
		report_empty(r, start);
}

static void read_document(struct reader *r)
{
	/* stream start, document start, the value */
	if (!stream_next(&r->in) || !stream_next(&r->in))
		return;
	r->in.stop = r->in.event.type == YAML_STREAM_END_EVENT;
	if (r->in.stop) {
		report_error(&r->config->report, (struct place){.file = r->config->file},
		    "is empty: see mirari-config(5), or mirari init");
		return;
	}
	if (!stream_next(&r->in) || stream_refused(&r->in))
		return;
	if (r->in.event.type != YAML_MAPPING_START_EVENT) {
		report_error(&r->config->report, stream_here(&r->in),
		    "expected a mapping of keys and values, such as 'name: hello'");
		r->in.stop = true;
		return;
	}
	read_section(r);
	if (!stream_next(&r->in) || !stream_next(&r->in))
		return;
	if (r->in.event.type != YAML_STREAM_END_EVENT)
		report_error(&r->config->report, stream_here(&r->in), "more than one document");
}

void yaml_read(struct config *c, const struct buf *text)
{
	struct reader r = {.config = c, .scope = "", .into = &c->common};

	if (stream_open(&r.in, c->file, text, &c->report) == 0)
		read_document(&r);
	/* what could not be read is not missing */
	c->name_given = c->name_given || r.in.stop;
	c->main_given = c->main_given || r.in.stop;
	stream_close(&r.in);
	buf_free(&r.path);
}
