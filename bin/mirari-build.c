/* mirari build: mirari-parse | mirari-gen | mirari-opam-exec --build, configured first if need be
 */
#include "core/main.h"
#include "core/pipeline.h"
#include "core/fd.h"
#include "core/proc.h"
#include "core/self.h"
#include "host/verb.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct usage *usage(struct verb *v)
{
	static struct opt table[20];
	static struct usage u = {
	    .tool = "mirari-build",
	    .purpose = "build a project; configure it first where that is needed",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples = "  mirari build\n"
			"  mirari build -s 4.14.1 www.yml\n"
			"  mirari build -n          # the pipeline of tools that it is\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
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

	if (verb_check(v, true, &fault) < 0 || self_first_in_path(&fault) < 0)
		return say_fault(&fault);
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

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct verb v A_CLEANUP(verb_free) = {0};
	int status = tool_options(usage(&v), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &v.file);
	return status < 0 ? build(&v) : status;
}
