#include "model/config.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

void config_free(struct config *c)
{
	rec_free(&c->common);
	for (size_t i = 0; i < TARGET_COUNT; i++)
		rec_free(&c->targets[i]);
	strset_free(&c->seen);
	report_free(&c->report);
}

bool config_once(struct config *c, struct place at, const char *scope, const char *key)
{
	struct buf name A_CLEANUP(buf_free) = {0};
	size_t line = at.line;

	buf_printf(&name, "%s %s", scope, key);
	if (strset_add(&c->seen, buf_str(&name), &line))
		return true;
	report_error(&c->report, at, "%.80s: given before, on line %zu", key, line);
	return false;
}

void config_add(struct config *c, struct rec *into, struct place at, const char *key,
    const char *value)
{
	struct buf expected A_CLEANUP(buf_free) = {0};
	const struct key *entry = key_find(key);
	const char *normal, *problem = rec_key_problem(key);
	struct fault fault;

	if (!entry || problem || !key_star_allowed(entry, key)) {
		report_error(&c->report, at, "%.80s: %s", key,
		    problem ? problem : entry ? "has a character other than A-Z, a-z, 0-9 and '_'"
					      : "unknown key");
		return;
	}
	if (rec_value_problem(value)) {
		report_error(&c->report, at, "%.80s: the value %s, which a record can't carry", key,
		    rec_value_problem(value));
		return;
	}
	if (!value_check(&entry->rule, value, &normal, &expected)) {
		report_error(&c->report, at, "%.80s: '%.80s' is not %s", key, value,
		    buf_str(&expected));
		return;
	}
	if (rec_add(into, key, normal ? normal : value, &fault) < 0)
		report_error(&c->report, at, "%s", fault.text);
}

struct slot {
	size_t rank;  /* of the section */
	size_t group; /* the field where its device was named first */
	size_t index;
};

static int by_rank(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Where the key's device (net.DEV, block.DEV) came first; 0 for keys without one. */
static size_t group_of(struct strset *devices, const char *key, size_t index)
{
	const struct key *entry = key_find(key);
	struct buf device A_CLEANUP(buf_free) = {0};
	const char *dot;

	if (!entry || !strstr(entry->pattern, ".*."))
		return 0;
	dot = strchr(key, '.') + 1;
	buf_add(&device, key, (size_t)(dot - key) + strcspn(dot, "."));
	strset_add(devices, buf_str(&device), &index);
	return index;
}

/* Copies the fields with their sections in the registry's order, and devices together. */
static int copy_ordered(const struct rec *from, struct rec *into, struct fault *fault)
{
	struct slot *slots = mem_resize(NULL, from->count, sizeof *slots);
	struct strset devices A_CLEANUP(strset_free) = {0};
	int result = 0;

	for (size_t i = 0; i < from->count; i++) {
		const char *key = from->fields[i].key;

		slots[i].index = i;
		/* a list's fields share their key's memory */
		if (i && key == from->fields[i - 1].key) {
			slots[i].rank = slots[i - 1].rank;
			slots[i].group = slots[i - 1].group;
		} else {
			slots[i].rank = key_rank(key);
			slots[i].group = group_of(&devices, key, i);
		}
	}
	qsort(slots, from->count, sizeof *slots, by_rank);
	for (size_t i = 0; i < from->count && result == 0; i++) {
		const struct field *field = &from->fields[slots[i].index];

		result = rec_add(into, field->key, field->value, fault);
	}
	free(slots);
	return result;
}

/* Adds the fields of `from` whose keys aren't in `hidden`, which then gets them. */
static int add_visible(struct rec *into, const struct rec *from, struct strset *hidden,
    struct fault *fault)
{
	size_t ignored = 0;

	for (size_t i = 0; i < from->count; i++)
		if (!strset_has(hidden, from->fields[i].key) &&
		    rec_add(into, from->fields[i].key, from->fields[i].value, fault) < 0)
			return -1;
	for (size_t i = 0; i < from->count; i++)
		strset_add(hidden, from->fields[i].key, &ignored);
	return 0;
}

/* The --set options as fields, checked by the registry like those of a file. */
static void read_settings(struct config *c, const struct strv *settings, struct rec *into)
{
	struct place at = {.file = "--set"};

	for (size_t i = 0; i < settings->count; i++) {
		const char *equals = strchr(settings->items[i], '=');
		struct buf key A_CLEANUP(buf_free) = {0};

		if (!equals) {
			report_error(&c->report, at, "%.80s: expected KEY=VALUE", settings->items[i]);
			continue;
		}
		buf_add(&key, settings->items[i], (size_t)(equals - settings->items[i]));
		config_add(c, into, at, buf_str(&key), equals + 1);
	}
}

static void add_default(struct rec *r, const char *key, const char *value)
{
	struct fault fault;

	if (!rec_get(r, key) && rec_add(r, key, value, &fault) < 0)
		abort(); /* a constant that the format can't carry */
}

static void check_whole(struct config *c, const struct rec *r)
{
	struct place at = {.file = c->file};

	if (!rec_get(r, "name"))
		report_error(&c->report, at, "name is missing: add a line such as 'name: hello'");
	if (!rec_get(r, "main.kind") && strcmp(rec_get(r, "runtime"), "mirage"))
		report_error(&c->report, at,
		    "main is missing: add a line such as 'main: { noip: Hello.main }'");
	if (!strcmp(rec_get(r, "runtime"), "mirage") || !rec_get(r, "build.command"))
		return;
	if (rec_get(r, "build.system") && strcmp(rec_get(r, "build.system"), "command"))
		report_error(&c->report, at, "build.command is given, but build.system is %s",
		    rec_get(r, "build.system"));
}

static int merge(struct config *c, const char *target, const struct rec *set, struct rec *into,
    struct fault *fault)
{
	struct strset hidden A_CLEANUP(strset_free) = {0};
	struct rec chosen A_CLEANUP(rec_free) = {0};
	int index = target_find(target);

	return rec_add(&chosen, "target", target, fault) < 0 ||
	       add_visible(into, &chosen, &hidden, fault) < 0 ||
	       add_visible(into, set, &hidden, fault) < 0 ||
	       (index >= 0 && add_visible(into, &c->targets[index], &hidden, fault) < 0) ||
	       add_visible(into, &c->common, &hidden, fault) < 0;
}

void config_resolve(struct config *c, const char *target, const struct strv *settings,
    struct rec *into)
{
	struct rec set A_CLEANUP(rec_free) = {0}, merged A_CLEANUP(rec_free) = {0};
	struct fault fault;

	read_settings(c, settings, &set);
	if (rec_get(&set, "target"))
		target = rec_get(&set, "target");
	if (!target)
		target = rec_get(&c->common, "target");
	if (!target)
		target = "unix-socket";
	if (merge(c, target, &set, &merged, &fault)) {
		report_error(&c->report, (struct place){.file = c->file}, "%s", fault.text);
		return;
	}
	add_default(&merged, "deploy", "local");
	add_default(&merged, "runtime", "lwt");
	if (rec_get(&merged, "build.command"))
		add_default(&merged, "build.system", "command");
	if (rec_get(&merged, "main.kind") && !strcmp(rec_get(&merged, "main.kind"), "http")) {
		add_default(&merged, "http.port", "8080");
		add_default(&merged, "http.address", "*");
	}
	check_whole(c, &merged);
	if (copy_ordered(&merged, into, &fault) < 0)
		report_error(&c->report, (struct place){.file = c->file}, "%s", fault.text);
}
