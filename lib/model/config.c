#include "model/config.h"

#include "core/mem.h"
#include "core/suggest.h"

#include <stdlib.h>
#include <string.h>

void config_free(struct config *c)
{
	rec_free(&c->common);
	for (size_t i = 0; i < TARGET_COUNT; i++) {
		rec_free(&c->targets[i]);
		strv_free(&c->emptied[i]);
	}
	strset_free(&c->seen);
	buf_free(&c->scratch);
	rec_free(&c->made);
	report_free(&c->report);
}

bool config_once(struct config *c, struct place at, const char *scope, const char *key)
{
	uint32_t line = (uint32_t)at.line;

	buf_clear(&c->scratch);
	buf_adds(&c->scratch, scope);
	buf_addc(&c->scratch, ' ');
	buf_adds(&c->scratch, key);
	if (strset_add(&c->seen, buf_str(&c->scratch), &line))
		return true;
	report_error(&c->report, at, "%.80s: given before, on line %u", key, line);
	return false;
}

void config_add(
    struct config *c, struct rec *into, struct place at, const char *key, const char *value)
{
	const struct key *entry = key_find(key);
	struct suggest suggest;

	if (entry) {
		config_add_to(c, into, at, entry, key, value);
		return;
	}
	suggest_start(&suggest, key);
	for (entry = keys; entry->pattern; entry++)
		suggest_offer(&suggest, entry->pattern);
	if (suggest.best)
		report_error(
		    &c->report, at, "%.80s: unknown key (did you mean '%s'?)", key, suggest.best);
	else
		report_error(&c->report, at, "%.80s: unknown key", key);
}

void config_add_to(struct config *c, struct rec *into, struct place at, const struct key *entry,
    const char *key, const char *value)
{
	struct buf expected A_CLEANUP(buf_free) = {0};
	const char *normal;
	struct fault fault;

	if (!strcmp(entry->pattern, "name"))
		c->name_given = true;
	else if (!strcmp(entry->pattern, "main.kind"))
		c->main_given = true;
	if (!key_star_allowed(entry, key))
		report_error(
		    &c->report, at, "%.80s: has a character other than A-Z, a-z, 0-9 and '_'", key);
	else if (!value_check(&entry->rule, value, &normal, &expected))
		report_error(
		    &c->report, at, "%.80s: '%.80s' is not %s", key, value, buf_str(&expected));
	else if (rec_add(into, key, normal ? normal : value, &fault) < 0)
		report_error(&c->report, at, "%s", fault.text);
}

struct slot {
	uint32_t rank; /* of the section */
	uint32_t
	    group; /* the field where its device was named first; 0 where there are no devices */
	size_t index;
};

static int by_group(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Whether two keys begin with the same segments, as many as that. */
static bool same_segments(const char *a, const char *b, int segments)
{
	for (; *a == *b && *a; a++, b++)
		if (*a == '.' && --segments == 0)
			return true;
	return !*a && !*b;
}

/* Where a key of ours stands in its section. */
static uint32_t entry_of(const char *key)
{
	const struct key *entry;

	return key_look_up(key, &entry) == KEY_VALUE ? (uint32_t)(entry - keys) : KEY_RANKS;
}

/* Where the key's device was named first. */
static uint32_t device_of(struct config *c, struct strset *devices, const char *key, uint32_t index)
{
	const char *dot = strchr(key, '.') + 1;

	buf_clear(&c->scratch);
	buf_add(&c->scratch, key, (size_t)(dot - key) + strcspn(dot, "."));
	strset_add(devices, buf_str(&c->scratch), &index);
	return index;
}

/* Gives each field its slot. Most have that of the one before, and cost one comparison. */
static void find_slots(struct config *c, const struct rec *from, struct slot *slots)
{
	struct strset devices A_CLEANUP(strset_free) = {0};
	enum section_kind kind = SECTION_KEYS;

	for (size_t i = 0; i < from->count; i++) {
		const char *key = from->fields[i].key, *last = i ? from->fields[i - 1].key : "";
		struct slot *slot = &slots[i];

		/* a list's fields share their key */
		if (key == last) {
			*slot = slots[i - 1];
		} else if (same_segments(key, last, 1)) {
			slot->rank = slots[i - 1].rank;
		} else {
			slot->rank = (uint32_t)key_rank(key);
			kind = key_section_kind(slot->rank);
		}
		slot->index = i;
		if (key == last)
			continue;
		if (kind == SECTION_NAMES)
			slot->group = 0;
		else if (kind == SECTION_KEYS)
			slot->group = entry_of(key);
		else if (same_segments(key, last, 2))
			slot->group = slots[i - 1].group;
		else
			slot->group = device_of(c, &devices, key, (uint32_t)i);
	}
}

static void sort_section(struct slot *slots, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (by_group(&slots[i - 1], &slots[i]) < 0)
			continue;
		qsort(slots, count, sizeof *slots, by_group);
		return;
	}
}

/* Sections in the registry's order, and keys in theirs; devices together, as they are. */
static void order(struct config *c, const struct rec *from, struct rec *into)
{
	struct slot *slots = mem_resize(NULL, from->count, sizeof *slots);
	struct slot *sorted = mem_resize(NULL, from->count, sizeof *sorted);
	size_t starts[KEY_RANKS + 1] = {0};

	find_slots(c, from, slots);
	for (size_t i = 0; i < from->count; i++)
		starts[slots[i].rank + 1]++;
	for (size_t rank = 1; rank <= KEY_RANKS; rank++)
		starts[rank] += starts[rank - 1];
	for (size_t i = 0; i < from->count; i++)
		sorted[starts[slots[i].rank]++] = slots[i];
	/* each section now ends where its start has moved to */
	for (size_t rank = 0, start = 0; rank < KEY_RANKS; start = starts[rank++])
		sort_section(sorted + start, starts[rank] - start);
	for (size_t i = 0; i < from->count; i++)
		rec_borrow(into, &from->fields[sorted[i].index]);
	free(sorted);
	free(slots);
}

static void add_visible(struct rec *into, const struct rec *from, const struct strset *hidden)
{
	for (size_t i = 0; i < from->count; i++)
		if (!strset_has(hidden, from->fields[i].key))
			rec_borrow(into, &from->fields[i]);
}

static void hide(struct strset *hidden, const struct rec *keys_of)
{
	uint32_t ignored = 0;

	for (size_t i = 0; i < keys_of->count; i++)
		strset_add(hidden, keys_of->fields[i].key, &ignored);
}

void config_set(struct config *c, const struct strv *settings)
{
	struct place at = {.file = "--set"};

	for (size_t i = 0; i < settings->count; i++) {
		const char *equals = strchr(settings->items[i], '=');
		struct buf key A_CLEANUP(buf_free) = {0};
		const struct key *entry;

		if (!equals) {
			report_error(
			    &c->report, at, "%.80s: expected KEY=VALUE", settings->items[i]);
			continue;
		}
		buf_add(&key, settings->items[i], (size_t)(equals - settings->items[i]));
		entry = key_find(buf_str(&key));
		if (entry && (entry->flags & KEY_RESULT)) {
			report_error(&c->report, at, "%.80s: is written by %s, not configured",
			    buf_str(&key), entry->producer);
			continue;
		}
		/* of several settings of one value the last counts */
		if (entry && !(entry->flags & KEY_LIST))
			rec_remove(&c->made, buf_str(&key));
		config_add(c, &c->made, at, buf_str(&key), equals + 1);
	}
}

/* The value that counts while nothing has been merged yet. */
static const char *early(const struct config *c, const char *key)
{
	const char *value = rec_get(&c->made, key);

	return value ? value : rec_get(&c->common, key);
}

static void add_default(struct config *c, struct rec *r, const char *key, const char *value)
{
	struct fault fault;

	if (rec_get(r, key))
		return;
	if (rec_add(&c->made, key, value, &fault) < 0)
		report_error(&c->report, (struct place){.file = c->file}, "%s", fault.text);
	else
		rec_borrow(r, &c->made.fields[c->made.count - 1]);
}

static bool is_mirage(const char *runtime)
{
	return runtime && !strcmp(runtime, "mirage");
}

/* With runtime mirage config.ml has the main; a command may build from any language. */
static bool has_own_main(const struct rec *r)
{
	const char *builder = rec_get(r, "build.system");

	return is_mirage(rec_get(r, "runtime")) ||
	       (builder ? !strcmp(builder, "command") : rec_get(r, "build.command") != NULL);
}

/* Where one target has its own, the others are looked at when they are chosen. */
static bool needs_main(const struct config *c)
{
	for (size_t i = 0; i < TARGET_COUNT; i++)
		if (has_own_main(&c->targets[i]))
			return false;
	return !has_own_main(&c->common) && !has_own_main(&c->made);
}

static void check_given(struct config *c)
{
	struct place at = {.file = c->file};

	if (!c->name_given && c->is_conf)
		report_error(&c->report, at,
		    "no name can be made of the file's: --set name=hello gives one");
	else if (!c->name_given)
		report_error(&c->report, at, "name is missing: add a line such as 'name: hello'");
	if (!c->main_given && needs_main(c))
		report_error(&c->report, at, "main is missing: add a line such as '%s'",
		    c->is_conf ? "main-noip: Hello.main" : "main: { noip: Hello.main }");
}

static void check_whole(struct config *c, const struct rec *r)
{
	struct place at = {.file = c->file};

	if (!rec_get(r, "name"))
		report_error(&c->report, at, "name is missing for target %s", rec_get(r, "target"));
	if (!rec_get(r, "main.kind") != !rec_get(r, "main.entry"))
		report_error(
		    &c->report, at, "main.kind and main.entry go together, and only one is there");
	else if (!rec_get(r, "main.kind") && !has_own_main(r))
		report_error(&c->report, at, "main is missing for target %s", rec_get(r, "target"));
	if (rec_get(r, "build.command") && rec_get(r, "build.system") &&
	    strcmp(rec_get(r, "build.system"), "command") && !is_mirage(rec_get(r, "runtime")))
		report_error(&c->report, at, "build.command is given, but build.system is %s",
		    rec_get(r, "build.system"));
}

static const char *default_target(const struct config *c)
{
	const char *target = early(c, "target");

	return target ? target : "unix-socket";
}

void config_targets(const struct config *c, struct strv *into)
{
	strv_add(into, default_target(c));
	for (size_t i = 0; i < TARGET_COUNT; i++)
		if (c->listed[i] && !strv_has(into, targets[i]))
			strv_add(into, targets[i]);
}

/* The settings over the target's own keys over what is common. */
static void merge(struct config *c, const char *target, struct rec *into)
{
	struct strset hidden A_CLEANUP(strset_free) = {0};
	int index = target_find(target);
	uint32_t ignored = 0;

	rec_remove(&c->made, "target");
	strset_add(&hidden, "target", &ignored);
	add_visible(into, &c->made, &hidden);
	hide(&hidden, &c->made);
	add_default(c, into, "target", target);
	if (index >= 0) {
		add_visible(into, &c->targets[index], &hidden);
		hide(&hidden, &c->targets[index]);
		for (size_t i = 0; i < c->emptied[index].count; i++)
			strset_add(&hidden, c->emptied[index].items[i], &ignored);
	}
	add_visible(into, &c->common, &hidden);
}

void config_resolve(struct config *c, const char *target, struct rec *into)
{
	struct rec merged A_CLEANUP(rec_free) = {0};

	check_given(c);
	if (c->report.errors)
		return;
	if (rec_get(&c->made, "target") || !target)
		target = default_target(c);
	merge(c, target, &merged);
	add_default(c, &merged, "deploy", "local");
	add_default(c, &merged, "runtime", "lwt");
	if (rec_get(&merged, "build.command"))
		add_default(c, &merged, "build.system", "command");
	if (rec_get(&merged, "main.kind") && !strcmp(rec_get(&merged, "main.kind"), "http")) {
		add_default(c, &merged, "http.port", "8080");
		add_default(c, &merged, "http.address", "*");
	}
	check_whole(c, &merged);
	order(c, &merged, into);
}
