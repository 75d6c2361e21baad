/* The mappings that aren't sections: what a person writes as one thing is several keys of a record.
 */
#include "model/yaml_reader.h"

#include <string.h>

static void read_main_entry(struct reader *r)
{
	if (r->in.event.type != YAML_SCALAR_EVENT) {
		yaml_wrong_type(r, "an OCaml value path");
		return;
	}
	yaml_set_path(r, strlen("main"), "entry");
	yaml_add_scalar(r, key_find("main.entry"), "");
}

/* main: { noip: Hello.main } is main.kind=noip and main.entry=Hello.main. */
void yaml_read_main(struct reader *r)
{
	size_t given = 0;
	struct place at = stream_here(&r->in);

	r->config->main_given = true;
	if (r->in.event.type != YAML_MAPPING_START_EVENT) {
		yaml_wrong_type(r, "a mapping such as { noip: Hello.main }");
		return;
	}
	r->in.depth++;
	while (stream_next_key(&r->in)) {
		struct place key_at = stream_here(&r->in);
		bool known = !strcmp(stream_scalar(&r->in), "noip") ||
			     !strcmp(stream_scalar(&r->in), "ip") ||
			     !strcmp(stream_scalar(&r->in), "http");

		yaml_set_path(r, strlen("main"), stream_scalar(&r->in));
		if (!known)
			report_error(&r->config->report, key_at,
			    "%.80s: unknown key, expected noip, ip or http", buf_str(&r->path));
		else if (given++ == 0)
			config_add(r->config, r->into, key_at, "main.kind", stream_scalar(&r->in));
		else
			report_error(
			    &r->config->report, key_at, "main: more than one of noip, ip and http");
		if (!stream_next(&r->in) || stream_refused(&r->in))
			return;
		if (known && given == 1)
			read_main_entry(r);
		else
			stream_skip(&r->in);
	}
	r->in.depth--;
	if (given == 0 && !r->in.stop)
		report_error(&r->config->report, at, "main: expected one of noip, ip and http");
}

/* switch.repositories: { NAME: URL } is opam.repository=NAME=URL, once for each. */
static void read_repositories(struct reader *r)
{
	if (stream_is_nothing(&r->in))
		return;
	if (r->in.event.type != YAML_MAPPING_START_EVENT) {
		yaml_wrong_type(r, "a mapping such as { NAME: URL }");
		return;
	}
	r->in.depth++;
	while (stream_next_key(&r->in)) {
		struct buf name A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
		bool first;

		buf_printf(&path, "switch.repositories.%s", stream_scalar(&r->in));
		buf_printf(&name, "%s=", stream_scalar(&r->in));
		first = config_once(r->config, stream_here(&r->in), r->scope, buf_str(&path));
		if (!stream_next(&r->in) || stream_refused(&r->in))
			return;
		if (!first)
			stream_skip(&r->in);
		else if (r->in.event.type == YAML_SCALAR_EVENT)
			yaml_add_scalar(r, key_find("opam.repository"), buf_str(&name));
		else
			yaml_wrong_type(r, "a URL");
	}
	r->in.depth--;
}

/* switch: { name: NAME, create: COMPILER, repositories: { … } }: a switch, and what it is made of
 * when it is to be made, which a record has as opam.create and opam.repository.
 * bridge: { name: NAME, create: true }: net.DEV.bridge, and net.DEV.bridge-create beside it. */
static const struct compound {
	const char *pattern;
	const char *expected;
	const char *names[4]; /* the first is the key's own value */
	const char *keys[4];  /* a key; or with '-' in front what is added to the key's name */
} compounds[] = {
    {"switch", "name, create or repositories", {"name", "create", "repositories"},
	{"switch", "opam.create", "opam.repository"}},
    {"net.*.bridge", "name or create", {"name", "create"}, {"-", "-create"}},
};

static const struct compound *compound_of(const struct key *key)
{
	for (size_t i = 0; i < COUNT_OF(compounds); i++)
		if (!strcmp(key->pattern, compounds[i].pattern))
			return &compounds[i];
	return NULL;
}

/* Which of its names the current scalar is; r->path is then that key's. -1 for none, reported. */
static int find_member(struct reader *r, const struct compound *c, const char *path)
{
	for (int i = 0; c->names[i]; i++) {
		if (strcmp(stream_scalar(&r->in), c->names[i]))
			continue;
		yaml_set_path(r, 0, c->keys[i][0] == '-' ? path : c->keys[i]);
		if (!strcmp(c->keys[i], "-create"))
			buf_adds(&r->path, c->keys[i]);
		return i;
	}
	yaml_set_path(r, 0, path);
	report_error(&r->config->report, stream_here(&r->in),
	    "%.80s.%.80s: unknown key, expected %s", path, stream_scalar(&r->in), c->expected);
	return -1;
}

static void read_members(struct reader *r, const struct compound *c, struct place start)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	bool named = false;

	buf_adds(&path, buf_str(&r->path));
	r->in.depth++;
	while (stream_next_key(&r->in)) {
		struct place at = stream_here(&r->in);
		int which = find_member(r, c, buf_str(&path));

		named = named || which == 0;
		/* opam: { create: … } is another way to say it */
		if (which >= 0 && !config_once(r->config, at, r->scope, buf_str(&r->path)))
			which = -1;
		if (!stream_next(&r->in) || stream_refused(&r->in))
			return;
		if (which < 0)
			stream_skip(&r->in);
		else if (!strcmp(c->names[which], "repositories"))
			read_repositories(r);
		else
			yaml_read_leaf(r, at, key_find(buf_str(&r->path)));
	}
	r->in.depth--;
	if (!named && !*r->scope && !r->in.stop)
		report_error(
		    &r->config->report, start, "%.80s: expected a name for it", buf_str(&path));
}

bool yaml_read_compound(struct reader *r, struct place at, const struct key *key)
{
	const struct compound *c = compound_of(key);

	if (!c || r->in.event.type != YAML_MAPPING_START_EVENT)
		return false;
	read_members(r, c, at);
	return true;
}

/* A switch by its name alone: what another one is made of doesn't concern it. */
void yaml_read_switch_name(struct reader *r, struct place at, const struct key *key)
{
	if (*r->scope) {
		strv_add(&r->config->emptied[target_find(r->scope)], "opam.create");
		strv_add(&r->config->emptied[target_find(r->scope)], "opam.repository");
	}
	yaml_read_leaf(r, at, key);
}
