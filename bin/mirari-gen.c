/* mirari-gen: a record in, the files that it describes written, the record with their names out. */
#include "core/main.h"
#include "core/proc.h"
#include "core/fd.h"
#include "host/buildtree.h"
#include "host/generate.h"
#include "model/artifact.h"
#include "model/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	const char *get;
	struct strv set;
	bool dry_run;
	bool diff;
	bool force;
	bool quiet;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[8];
	static struct usage u = {
	    .tool = "mirari-gen",
	    .purpose = "write the OCaml and build files that a record describes",
	    .synopsis = "[OPTION]... <RECORD",
	    .examples =
		"  mirari-parse | mirari-gen             # write what is missing or changed\n"
		"  mirari-parse | mirari-gen --dry-run   # say what that would be\n"
		"  mirari-parse | mirari-gen --diff      # show it line by line\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'n', "dry-run", NULL, "write nothing, say what would be", OPT_FLAG, &o->dry_run},
	    {0, "diff", NULL, "write nothing, show the difference; 1 if any", OPT_FLAG, &o->diff},
	    {'f', "force", NULL, "also replace files that were edited", OPT_FLAG, &o->force},
	    OPT_RECORD(&o->set, &o->get),
	    {'q', "quiet", NULL, "don't name the files that are written", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

/* The difference of one file, by diff(1), to standard output. 1 when there is one. */
static int show_difference(
    const char *dir, int dir_fd, const struct output *output, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int wanted A_CLEANUP(fd_close) = proc_memory_file_of(&output->bytes, fault);
	struct proc_io io = {
	    .in = wanted, .out = -1, .dir = output->found == FILE_ABSENT ? NULL : dir};
	struct stat st;
	int status;

	if (wanted < 0)
		return -1;
	if (output->found != FILE_ABSENT &&
	    (fstatat(dir_fd, output->path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)))
		return fault_set(fault, EX_CANTCREAT, "%s/%s: is not a file", dir, output->path);
	strv_list(&command, "diff", "-u");
	strv_addf(&command, "--label=%s", output->path);
	strv_addf(&command, "--label=%s (generated)", output->path);
	strv_list(&command, "--", output->found == FILE_ABSENT ? "/dev/null" : output->path, "-");
	if (proc_run(&command, &io, &status, fault) < 0)
		return -1;
	if (status > 1)
		return fault_set(fault, EX_OSERR, "diff failed with status %d", status);
	return status;
}

static int show_differences(
    const char *dir, const struct project *p, const struct generated *g, struct fault *fault)
{
	int different = 0;

	for (size_t i = 0; i < g->count; i++) {
		int got = g->outputs[i].found == FILE_SAME
			      ? 0
			      : show_difference(dir, p->dir, &g->outputs[i], fault);

		if (got < 0)
			return say_fault(fault);
		different |= got;
	}
	return different ? EXIT_NO : EX_OK;
}

static int refuse_foreign(const char *dir, const struct generated *g, struct fault *fault)
{
	struct buf names A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < g->count; i++)
		if (g->outputs[i].found == FILE_FOREIGN)
			buf_printf(&names, "%s%s", names.length ? ", " : "", g->outputs[i].path);
	if (!names.length)
		return 0;
	fault_set(fault, EX_CANTCREAT,
	    "%s: not overwritten: edited by hand, or never generated: %s", dir, buf_str(&names));
	return fault_hint(fault, "'mirari configure --diff' shows the difference, 'mirari "
				 "configure --force' overwrites");
}

static void say_changes(
    const struct options *o, const struct generated *g, const struct strv *stale)
{
	struct buf names A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < g->count; i++)
		if (g->outputs[i].found != FILE_SAME)
			buf_printf(&names, "%s%s", names.length ? ", " : "", g->outputs[i].path);
	if (names.length)
		say_note("%s %s", o->dry_run ? "would write" : "wrote", buf_str(&names));
	buf_clear(&names);
	for (size_t i = 0; i < stale->count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", stale->items[i]);
	if (names.length)
		say_note("%s %s", o->dry_run ? "would remove" : "removed", buf_str(&names));
}

/* dune writes through a link that another builder left where its program goes. */
static int remove_link(const struct project *p, const struct rec *record, struct fault *fault)
{
	const char *artifact = rec_get(record, "artifact");

	if (strcmp(rec_get(record, "build.system"), "dune") || !project_is_built(p->dir, artifact))
		return 0;
	if (unlinkat(p->dir, artifact, 0) < 0)
		return fault_errno(fault, 0, errno, "remove %s", artifact);
	return 0;
}

static int publish(const struct options *o, struct project *p, const char *dir,
    const struct rec *record, const struct generated *g, struct fault *fault)
{
	struct strv stale A_CLEANUP(strv_free) = {0};

	if (!o->force && refuse_foreign(dir, g, fault) < 0)
		return -1;
	if (project_stale(p, g->outputs, g->count, &stale, fault) < 0)
		return -1;
	if (!o->dry_run && (project_publish(p, g->outputs, g->count, &stale, fault) < 0 ||
			       remove_link(p, record, fault) < 0))
		return -1;
	if (o->dry_run || !o->quiet)
		say_changes(o, g, &stale);
	return 0;
}

/* Opens where the files go, and finds what is there of them. */
static int open_project(struct project *p, const char *dir, const struct rec *record,
    struct generated *g, bool writing, struct fault *fault)
{
	struct project sources A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	const char *build_dir = rec_get(record, "build.dir");
	const char *top = rec_get(record, "config.dir");

	if ((writing && build_dir &&
		(project_add_tree(top, build_dir, fault) < 0 ||
		    project_make(top, build_dir, fault) < 0)) ||
	    project_open(p, dir, writing, fault) < 0 ||
	    project_compare(p, g->outputs, g->count, fault) < 0)
		return -1;
	if (!build_dir)
		return 0;
	if (project_open(&sources, top, false, fault) < 0)
		return -1;
	return buildtree_update(&sources, p, record, g->outputs, g->count, fault);
}

static int generate(const struct options *o)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct generated g A_CLEANUP(generated_free) = {0};
	struct project p A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct buf dir A_CLEANUP(buf_free) = {0};
	struct fault fault;

	if (o->diff && o->get) {
		fault_set(&fault, EX_USAGE, "--get is for the record, and --diff writes none");
		return say_fault(&fault);
	}
	if (check_input(&record, &o->set, &fault) < 0 || generate_complete(&record, &fault) < 0 ||
	    generate_files(&record, &g, &fault) < 0)
		return say_fault(&fault);
	build_dir_path(&record, &dir);
	if (open_project(&p, buf_str(&dir), &record, &g, !o->dry_run && !o->diff, &fault) < 0)
		return say_fault(&fault);
	if (o->diff)
		return show_differences(buf_str(&dir), &p, &g, &fault);
	if (publish(o, &p, buf_str(&dir), &record, &g, &fault) < 0)
		return say_fault(&fault);
	rec_remove(&record, "generated");
	for (size_t i = 0; i < g.count; i++)
		if (rec_add(&record, "generated", g.outputs[i].path, &fault) < 0)
			return say_fault(&fault);
	return put_record(&record, o->get);
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0 && operands.count) {
		fault_set(&fault, EX_USAGE, "takes no arguments: %s", operands.items[0]);
		fault_hint(&fault,
		    "the record comes on standard input: mirari-parse %s | mirari-gen",
		    operands.items[0]);
		status = say_fault(&fault);
	}
	if (status < 0)
		status = generate(&o);
	strv_free(&o.set);
	return status;
}
