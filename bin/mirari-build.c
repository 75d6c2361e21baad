/* mirari build: mirari-parse | mirari-gen | mirari-opam-exec --build, configured first if need be
 */
#include "core/fd.h"
#include "core/main.h"
#include "core/num.h"
#include "core/pipeline.h"
#include "core/proc.h"
#include "core/self.h"
#include "host/buildall.h"
#include "host/verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_MAX = 1024 };

struct all {
	bool given;
	const char *jobs;
};

static const struct usage *usage(struct verb *v, struct all *all)
{
	static struct opt table[22];
	static struct usage u = {
	    .tool = "mirari-build",
	    .purpose = "build a project; configure it first where that is needed",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples = "  mirari build\n"
			"  mirari build -s 4.14.1 www.yml\n"
			"  mirari build --all -j 4  # every target, each in _build/TARGET\n"
			"  mirari build -n          # the pipeline of tools that it is\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
	    {'a', "all", NULL, "build every target, side by side", OPT_FLAG, &all->given},
	    {'j', "jobs", "N", "with --all: how many jobs at once", OPT_VALUE, &all->jobs},
	    VERB_INSTALL_OPTIONS(v),
	    {'q', "quiet", NULL, "no warnings, no names of files", OPT_FLAG, &v->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static void gen_stage(const struct verb *v, struct pipeline *p)
{
	struct strv *gen = pipeline_stage(p);

	strv_add(gen, "mirari-gen");
	if (v->quiet)
		strv_add(gen, "--quiet");
}

static void build_command(struct strv *into)
{
	strv_list(into, "mirari-opam-exec", "--build");
}

/* What is to be installed may be missing although nothing has changed. */
static bool must_configure(const struct verb *v)
{
	return v->create_switch || v->install_system || !verb_is_configured(v);
}

static int show(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (must_configure(v)) {
		if (verb_show_configure(v, &text, fault) < 0)
			return -1;
		buf_adds(&text, " &&\n");
	}
	verb_parse_command(v, pipeline_stage(&p));
	gen_stage(v, &p);
	build_command(pipeline_stage(&p));
	pipeline_show(&p, &text);
	buf_addc(&text, '\n');
	put_bytes(&text);
	return 0;
}

/* What mirari-gen writes; configuring has run it just now, or else it is run here. Returns as
 * verb_parse. */
static int generate(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	int in A_CLEANUP(fd_close) = -1, status = 0;

	if (v->made.length)
		return 0;
	in = proc_memory_file_of(&v->text, fault);
	gen_stage(v, &p);
	if (in < 0 || pipeline_run(&p, in, &v->made, &status, fault) < 0)
		return -1;
	return status;
}

/* The last stage is become, so that its exit status and signals are the build's. */
static int become(const struct verb *v, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int in A_CLEANUP(fd_close) = proc_memory_file_of(&v->made, fault);

	if (in < 0)
		return -1;
	if (dup2(in, STDIN_FILENO) < 0)
		return fault_errno(fault, 0, errno, "memory file");
	build_command(&command);
	return proc_exec(&command, fault);
}

static int build(struct verb *v)
{
	struct fault fault;
	int status;

	status = verb_parse(v, &fault);
	if (status == 0 && v->dry_run) {
		status = show(v, &fault);
		return status < 0 ? say_fault(&fault) : status;
	}
	if (status == 0 && must_configure(v)) {
		if (!v->quiet && !verb_is_configured(v))
			say_note("%s: new or changed since it was configured: configuring",
			    v->file ? v->file : rec_get(&v->record, "config.file"));
		status = verb_configure(v, &fault);
	}
	if (status == 0)
		status = generate(v, &fault);
	if (status == 0)
		status = become(v, &fault);
	return status < 0 ? say_fault(&fault) : status;
}

static void erase_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void say_waiting(const char *dir)
{
	say_note("%s: a mirari build --all is at work there: waiting for it", dir);
}

/* One line about what runs, on a terminal; the next output begins where it stood. */
static void show_progress(const struct buildall *all)
{
	size_t ended = 0;
	const char *between = "; building ";

	if (!isatty(STDERR_FILENO))
		return;
	for (size_t i = 0; i < all->count; i++)
		ended += all->jobs[i].state == JOB_ENDED;
	erase_progress();
	if (ended == all->count)
		return;
	fprintf(stderr, "%zu of %zu built", ended, all->count);
	for (size_t i = 0; i < all->count; i++) {
		if (all->jobs[i].state != JOB_RUNS)
			continue;
		fprintf(stderr, "%s%s", between, all->targets.items[i]);
		between = ", ";
	}
}

/* What a build has printed, in one piece. */
static void job_changed(const struct job *job, void *context)
{
	const struct buildall *all = context;
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	if (job->state == JOB_ENDED) {
		if (file_read(job->log, EX_DATAERR, &text, &ignored) < 0)
			buf_clear(&text);
		erase_progress();
		if (text.length)
			fprintf(stderr, "==> %s\n", all->targets.items[job - all->jobs]);
		if (job->fault.status)
			say_fault(&job->fault);
		fwrite(buf_str(&text), 1, text.length, stderr);
		if (text.length && text.bytes[text.length - 1] != '\n')
			fputc('\n', stderr);
	}
	show_progress(all);
}

/* The status of them all, with their summary printed. */
static int report(struct buildall *all, int interrupted, struct fault *fault)
{
	struct buf table A_CLEANUP(buf_free) = {0}, records A_CLEANUP(buf_free) = {0};

	buildall_table(all, &table);
	erase_progress();
	fputs(buf_str(&table), stderr);
	if (!isatty(STDOUT_FILENO)) {
		if (buildall_records(all, &records, fault) < 0)
			return say_fault(fault);
		put_bytes(&records);
	}
	if (interrupted)
		return EXIT_SIGNALLED + interrupted;
	return buildall_failed(all) ? EXIT_NO : EX_OK;
}

/* Each target's own dry run, which prints its pipeline. */
static int show_all(const struct buildall *all, struct fault *fault)
{
	int worst = EX_OK;

	for (size_t i = 0; i < all->count; i++) {
		struct proc_io io = {.in = -1, .out = -1};
		int status = all->jobs[i].status;

		if (!status && proc_run(&all->jobs[i].command, &io, &status, fault) < 0)
			return say_fault(fault);
		worst = status ? EXIT_NO : worst;
	}
	return worst;
}

static int build_all(struct verb *v, const struct all *options)
{
	struct buildall all A_CLEANUP(buildall_free) = {0};
	struct fault fault;
	uint64_t jobs = 0;
	int status, interrupted, linked;

	if (v->target)
		status =
		    fault_set(&fault, EX_USAGE, "--all doesn't go with --target=%s", v->target);
	else if (options->jobs && num_parse(options->jobs, 1, JOBS_MAX, &jobs) != NUM_OK)
		status = fault_set(&fault, EX_USAGE,
		    "--jobs=%s: expected a whole number from 1 to %d", options->jobs, JOBS_MAX);
	else
		status = buildall_plan(&all, v, &fault);
	if (status)
		return status < 0 ? say_fault(&fault) : status;
	if (v->dry_run)
		return show_all(&all, &fault);
	linked = buildall_run(&all, (unsigned)jobs, job_changed, say_waiting, &interrupted, &fault);
	status = report(&all, interrupted, &fault);
	return linked < 0 ? say_fault(&fault) : status;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct verb v A_CLEANUP(verb_free) = {0};
	struct all all = {0};
	struct fault fault;
	int status = tool_options(usage(&v, &all), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &v.file);
	if (status >= 0)
		return status;
	if (all.jobs && !all.given) {
		fault_set(
		    &fault, EX_USAGE, "--jobs is for --all: builders alone use all processors");
		return say_fault(&fault);
	}
	if (verb_check(&v, !all.given, &fault) < 0 || self_first_in_path(&fault) < 0)
		return say_fault(&fault);
	return all.given ? build_all(&v, &all) : build(&v);
}
