/* mirari run: become the unikernel that build left. */
#include "core/main.h"
#include "core/proc.h"
#include "core/self.h"
#include "core/shell.h"
#include "host/verb.h"
#include "model/artifact.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct usage *usage(struct verb *v, struct strv *arguments)
{
	static struct opt table[16];
	static struct usage u = {
	    .tool = "mirari-run",
	    .purpose = "run what build made",
	    .synopsis = "[OPTION]... [FILE] [-- ARG...]",
	    .examples = "  mirari run\n"
			"  mirari run www.yml -- --verbose   # arguments for the unikernel\n"
			"  mirari run -n                     # the command that it becomes\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
	    {'q', "quiet", NULL, "no warnings", OPT_FLAG, &v->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	u.behind = arguments;
	return &u;
}

/* The program and its arguments: those of the configuration, then those of the command line. */
static void command_of(const struct verb *v, const struct strv *arguments, struct strv *into)
{
	struct buf path A_CLEANUP(buf_free) = {0}, artifact A_CLEANUP(buf_free) = {0};
	const char *dir = rec_get(&v->record, "config.dir");
	char here[PATH_MAX];

	artifact_path(&v->record, &artifact);
	if (buf_str(&artifact)[0] != '/') {
		bool same = getcwd(here, sizeof here) && !strcmp(here, dir);

		buf_printf(&path, "%s/", same ? "." : dir);
	}
	buf_adds(&path, buf_str(&artifact));
	strv_add(into, buf_str(&path));
	rec_get_all(&v->record, "arg", into);
	strv_add_all(into, arguments);
}

static int become(const struct strv *command, struct fault *fault)
{
	proc_exec(command, fault);
	if (fault->status == EXIT_NOT_FOUND)
		fault_hint(fault, "it isn't built yet: mirari build");
	return -1;
}

static int run(struct verb *v, const struct strv *arguments)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int status;

	if (verb_check(v, true, &fault) < 0 || self_first_in_path(&fault) < 0)
		return say_fault(&fault);
	status = verb_parse(v, &fault);
	if (status)
		return status < 0 ? say_fault(&fault) : status;
	if (strcmp(rec_get(&v->record, "target"), "unix-socket") ||
	    strcmp(rec_get(&v->record, "deploy"), "local")) {
		fault_set(&fault, EX_UNAVAILABLE,
		    "target %s, deployed %s: there is no tool for that here",
		    rec_get(&v->record, "target"), rec_get(&v->record, "deploy"));
		return say_fault(&fault);
	}
	command_of(v, arguments, &command);
	if (v->dry_run) {
		shell_command(&text, &command);
		buf_addc(&text, '\n');
		put_bytes(&text);
		return EX_OK;
	}
	become(&command, &fault);
	return say_fault(&fault);
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0}, arguments A_CLEANUP(strv_free) = {0};
	struct verb v A_CLEANUP(verb_free) = {0};
	int status = tool_options(usage(&v, &arguments), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &v.file);
	return status < 0 ? run(&v, &arguments) : status;
}
