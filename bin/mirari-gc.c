/* mirari gc: clears away what killed supervisors and a machine that went down have left. */
#include "core/main.h"
#include "core/proc.h"
#include "core/self.h"
#include "host/instanceend.h"

#include <string.h>

struct options {
	bool dry_run;
	bool quiet;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[3];
	static struct usage u = {
	    .tool = "mirari-gc",
	    .purpose = "clear away what killed programs have left",
	    .synopsis = "[OPTION]...",
	    .examples = "  mirari gc -n\n"
			"  mirari gc\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'n', "dry-run", NULL, "change nothing, say what would be", OPT_FLAG, &o->dry_run},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static void say_names(const char *what, const struct strv *names)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < names->count; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", names->items[i]);
	if (names->count > 50)
		say_note("%s %zu instances", what, names->count);
	else if (names->count)
		say_note("%s %s", what, buf_str(&text));
}

static int clear_instances(const struct options *o, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	struct strv names A_CLEANUP(strv_free) = {0};
	int status = EX_OK;

	if (instances_open(&store, false, fault) < 0)
		return -1;
	if (instances_gc(&store, o->dry_run, say_fault, &names, fault) < 0)
		status = fault->status;
	if (o->dry_run || !o->quiet)
		say_names(o->dry_run ? "would clear away what is left of"
				     : "cleared away what was left of",
		    &names);
	return status;
}

/* Taps of theirs, which mirari-tap knows of. */
static int clear_taps(const struct options *o, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct proc_io io = {.in = -1, .out = -1};
	struct buf path A_CLEANUP(buf_free) = {0};
	int status;

	if (self_first_in_path(fault) < 0)
		return -1;
	if (proc_find("mirari-tap", &path) < 0)
		return EX_OK; /* without it there are none */
	strv_list(&command, buf_str(&path), "gc");
	if (o->dry_run)
		strv_add(&command, "--dry-run");
	if (o->quiet)
		strv_add(&command, "--quiet");
	return proc_run(&command, &io, &status, fault) < 0 ? -1 : status;
}

static int gc(const struct options *o, struct fault *fault)
{
	int instances, taps;

	if (o->names.count)
		return fault_set(fault, EX_USAGE, "takes no names: %s", o->names.items[0]);
	instances = clear_instances(o, fault);
	if (instances < 0)
		return -1;
	taps = clear_taps(o, fault);
	return taps ? taps : instances;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.dry_run = false};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0)
		status = gc(&o, &fault);
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
