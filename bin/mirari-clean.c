/* mirari clean: removes what was generated and built, and nothing that a person wrote. */
#include "core/main.h"
#include "core/proc.h"
#include "host/cleaning.h"
#include "host/project.h"
#include "model/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct options {
	bool dry_run;
	bool force;
	bool quiet;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[5];
	static struct usage u = {
	    .tool = "mirari-clean",
	    .purpose = "remove what was generated and built",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples = "  mirari clean\n"
			"  mirari clean -n          # what that does, as shell\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'n', "dry-run", NULL, "print what it would do, as shell", OPT_FLAG, &o->dry_run},
	    {'f', "force", NULL, "also remove generated files that were edited", OPT_FLAG,
		&o->force},
	    {'q', "quiet", NULL, "don't name what is removed", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int remove_trees(
    const struct project *p, const struct cleaning *plan, const char *dir, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0}, parents A_CLEANUP(strv_free) = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status;

	if (!plan->trees.count)
		return 0;
	cleaning_trees_command(plan, dir, &command);
	if (proc_run(&command, &io, &status, fault) < 0)
		return -1;
	if (status)
		return fault_set(fault, EX_OSERR, "rm failed with status %d", status);
	cleaning_parents(plan, &parents);
	for (size_t i = 0; i < parents.count; i++)
		(void)unlinkat(p->dir, parents.items[i], AT_REMOVEDIR); /* stays with files in it */
	return 0;
}

static int run_build(const struct cleaning *plan, struct fault *fault)
{
	struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	int status = 0;

	if (plan->build.count && proc_run(&plan->build, &io, &status, fault) < 0) {
		if (fault->status != EXIT_NOT_FOUND)
			return -1;
		say_note("%s is not on PATH: what it built is left", plan->build.items[0]);
	}
	if (status)
		return fault_set(
		    fault, EXIT_NO, "%s failed with status %d", plan->build.items[0], status);
	return 0;
}

static int carry_out(const struct options *o, const struct project *p, const struct cleaning *plan,
    const char *dir, struct fault *fault)
{
	if (remove_trees(p, plan, dir, fault) < 0 || run_build(plan, fault) < 0)
		return -1;
	for (size_t i = 0; i < plan->trees.count && !o->quiet; i++)
		say_note("removed %s", plan->trees.items[i]);
	for (size_t i = 0; i < plan->ours.count; i++) {
		const char *path = plan->ours.items[i];

		if (unlinkat(p->dir, path, 0) < 0 && errno != ENOENT)
			return fault_errno(fault, 0, errno, "remove %s", path);
		if (!o->quiet)
			say_note("removed %s", path);
	}
	for (size_t i = 0; i < plan->state.count; i++)
		(void)unlinkat(p->dir, plan->state.items[i], 0); /* gone already is fine */
	if (!plan->edited.count)
		(void)unlinkat(p->dir, ".mirari", AT_REMOVEDIR); /* stays with templates in it */
	return 0;
}

static int clean(const struct options *o, const char *file)
{
	struct located at A_CLEANUP(located_free) = {0};
	struct project p A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct cleaning plan A_CLEANUP(cleaning_free) = {0};
	struct strv trees A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;
	const char *dir;
	bool generated;

	if (locate_config(file, &at, &fault) < 0)
		return say_fault(&fault);
	dir = buf_str(&at.dir);
	if (project_open(&p, dir, false, &fault) < 0)
		return say_fault(&fault);
	project_trees(&p, &trees);
	generated = p.count || trees.count;
	if (!generated && !o->quiet)
		say_note("%s: nothing has been generated", dir);
	if (!generated && faccessat(p.dir, ".mirari", F_OK, 0) < 0)
		return EX_OK;
	project_close(&p);
	if (project_open(&p, dir, !o->dry_run, &fault) < 0 ||
	    cleaning_plan(&plan, &p, dir, o->force, &fault) < 0)
		return say_fault(&fault);
	for (size_t i = 0; i < plan.edited.count; i++)
		say_note("left %s: edited by hand (--force removes it)", plan.edited.items[i]);
	if (plan.keep_dunes)
		say_note("left what dune has built, and what from: its cleaning removes all of "
			 "_build");
	if (o->dry_run)
		cleaning_show(&plan, dir, &text);
	else if (carry_out(o, &p, &plan, dir, &fault) < 0)
		return say_fault(&fault);
	put_bytes(&text);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	const char *file;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &file);
	return status < 0 ? clean(&o, file) : status;
}
