/* mirari ps: detached unikernels, and how they are doing. */
#include "core/clock.h"
#include "core/main.h"
#include "core/table.h"
#include "host/instanceuse.h"
#include "host/invoker.h"

#include <string.h>
#include <unistd.h>

enum { COLUMNS = 9 };

struct options {
	bool all;
	const char *get;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[3];
	static struct usage u = {
	    .tool = "mirari-ps",
	    .purpose = "list detached unikernels",
	    .synopsis = "[OPTION]... [NAME]...",
	    .examples = "  mirari ps                  # those that run, have failed or were lost\n"
			"  mirari ps --all            # also those that exited or were stopped\n"
			"  mirari ps www --get instance.pid\n"
			"  mirari ps | grep ^instance.status=   # not on a terminal: records\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'a', "all", NULL, "also those that exited or were stopped", OPT_FLAG, &o->all},
	    {0, "get", "KEY", "print only the values of this key", OPT_VALUE, &o->get},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

/* ---- records ------------------------------------------------------------------------------------
 */

static int add_number(struct rec *into, const char *key, uint64_t number, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	buf_printf(&text, "%llu", (unsigned long long)number);
	return rec_add(into, key, buf_str(&text), fault);
}

/* What is written of it, but as it is now: no process that isn't there any more. */
static int describe(
    const struct instance *i, const struct instance_use *use, struct rec *into, struct fault *fault)
{
	bool runs = use || procid_is_alive(i->process);
	struct field status = {"instance.status", instance_status_name(i->status)};

	for (size_t k = 0; k < i->record.count; k++) {
		const struct field *field = &i->record.fields[k];

		if (!strcmp(field->key, status.key))
			rec_borrow(into, &status);
		else if (runs || (strcmp(field->key, "instance.pid") &&
				     strcmp(field->key, "instance.process")))
			rec_borrow(into, field);
	}
	if (!use)
		return 0;
	return add_number(into, "instance.uptime", use->uptime_s, fault) < 0 ||
		       add_number(into, "instance.cpu", use->cpu_ms, fault) < 0 ||
		       add_number(into, "instance.memory", use->memory, fault) < 0
		   ? -1
		   : 0;
}

/* ---- a table for people -------------------------------------------------------------------------
 */

/* 45s, 12m30s, 3h12m, 5d3h: two units at most. */
static void add_time(struct strv *cells, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		char name;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t unit = 0;

	while (unit < COUNT_OF(units) - 1 && seconds < units[unit].seconds)
		unit++;
	if (unit == COUNT_OF(units) - 1)
		strv_addf(cells, "%llus", (unsigned long long)seconds);
	else
		strv_addf(cells, "%llu%c%llu%c",
		    (unsigned long long)(seconds / units[unit].seconds), units[unit].name,
		    (unsigned long long)(seconds % units[unit].seconds / units[unit + 1].seconds),
		    units[unit + 1].name);
}

/* With what it ended with, or until when it waits. */
static void add_status(struct strv *cells, const struct rec *r)
{
	const char *status = rec_get(r, "instance.status"), *code = rec_get(r, "instance.exit");
	const char *next = rec_get(r, "instance.next");
	int64_t when;

	if (!strcmp(status, "failed") && code)
		strv_addf(cells, "%s (%s)", status, code);
	else if (!strcmp(status, "waiting") && next && clock_parse(next, &when) &&
		 when > clock_now())
		strv_addf(
		    cells, "%s %llds", status, (long long)((when - clock_now() + 999) / 1000));
	else
		strv_add(cells, status);
}

static void add_taps(struct strv *cells, const struct rec *r)
{
	struct buf taps A_CLEANUP(buf_free) = {0};

	for (size_t k = 0; k < r->count; k++) {
		const char *key = r->fields[k].key, *end = strrchr(key, '.');

		if (!strncmp(key, "net.", 4) && end && !strcmp(end, ".tap"))
			buf_printf(&taps, "%s%s", taps.length ? "," : "", r->fields[k].value);
	}
	table_cell(cells, buf_str(&taps));
}

static void add_row(struct strv *cells, const struct rec *r, const struct instance_use *use)
{
	const char *restarts = rec_get(r, "instance.restarts");

	table_cell(cells, rec_get(r, "instance.name"));
	add_status(cells, r);
	table_cell(cells, rec_get(r, "target"));
	table_cell(cells, rec_get(r, "instance.pid"));
	if (use) {
		add_time(cells, use->uptime_s);
		if (use->cpu_ms < 60000)
			strv_addf(cells, "%.2fs", (double)use->cpu_ms / 1000);
		else
			add_time(cells, use->cpu_ms / 1000);
		table_size(cells, (double)use->memory / 1024, "KMGTPE");
	} else {
		strv_list(cells, "-", "-", "-");
	}
	add_taps(cells, r);
	table_cell(cells, restarts ? restarts : "0");
}

/* ---- all of them --------------------------------------------------------------------------------
 */

struct listing {
	const struct options *options;
	struct instances store;
	struct processes seen;
	struct strv cells; /* of the table; none: records are printed */
	size_t hidden;
	bool got; /* a value of options->get */
};

static void listing_free(struct listing *l)
{
	instances_close(&l->store);
	processes_free(&l->seen);
	strv_free(&l->cells);
}

static bool is_shown(const struct options *o, const struct instance *i)
{
	return o->all || o->names.count || instance_is_live(i->status) ||
	       i->status == INSTANCE_FAILED || i->status == INSTANCE_LOST;
}

/* One that was named has to be there; another may have been removed since its name was read. */
static int find(const struct listing *l, const char *name, struct instance *i, struct fault *fault)
{
	if (!l->options->names.count)
		return instance_read(&l->store, name, i, fault);
	return instance_find(&l->store, name, i, fault) < 0 ? -1 : 1;
}

static int show(struct listing *l, const char *name, struct fault *fault)
{
	struct instance i A_CLEANUP(instance_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct instance_use numbers, *use = NULL;
	int got = find(l, name, &i, fault);

	if (got <= 0)
		return got;
	if (!is_shown(l->options, &i)) {
		l->hidden++;
		return 0;
	}
	if (instance_use(&i, &l->seen, &numbers))
		use = &numbers;
	if (describe(&i, use, &record, fault) < 0)
		return -1;
	if (l->cells.count)
		add_row(&l->cells, &record, use);
	else if (put_record(&record, l->options->get) == EX_OK)
		l->got = true;
	return 0;
}

static void put_table(const struct listing *l)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (l->cells.count > COLUMNS)
		table_add(&text, &l->cells, COLUMNS);
	else if (l->hidden)
		say_note("none runs; mirari ps --all shows %zu that ran", l->hidden);
	put_bytes(&text);
}

/* Those of the directory that is open. */
static int list(struct listing *l, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};
	int status = EX_OK;

	if (l->options->names.count)
		strv_add_all(&all, &l->options->names);
	else if (instance_names(&l->store, &all, fault) < 0)
		return -1;
	if (l->store.dir >= 0 && processes_read(&l->seen, fault) < 0)
		return -1;
	l->store.seen = &l->seen;
	/* what is wrong with one keeps nobody from seeing the others */
	for (size_t i = 0; i < all.count; i++)
		if (show(l, all.items[i], fault) < 0)
			status = say_fault(fault);
	return status;
}

static int ps(const struct options *o, struct fault *fault)
{
	struct listing l A_CLEANUP(listing_free) = {.options = o, .store.dir = -1};
	int status = EX_OK, next;

	if (invoker_open_plain(&l.store, &o->names, fault) < 0)
		return -1;
	if (!o->get && isatty(STDOUT_FILENO))
		strv_list(&l.cells, "NAME", "STATUS", "TARGET", "PID", "UPTIME", "CPU", "MEMORY",
		    "TAPS", "RESTARTS");
	do {
		int one = list(&l, fault);

		if (one < 0)
			return -1;
		status = one ? one : status;
		next = o->names.count ? 0 : invoker_next(&l.store, fault);
	} while (next > 0);
	if (next < 0)
		return -1;
	if (l.cells.count)
		put_table(&l);
	return status == EX_OK && o->get && !l.got ? EXIT_NO : status;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.all = false};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0)
		status = ps(&o, &fault);
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
