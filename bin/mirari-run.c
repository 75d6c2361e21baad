/* mirari run: become the unikernel that build left. */
#include "core/main.h"
#include "core/proc.h"
#include "core/self.h"
#include "core/shell.h"
#include "host/verb.h"
#include "model/artifact.h"
#include "model/keys.h"

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

/* The target whose directory below _build a link points into, or NULL. */
static const char *target_of_link(const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof text - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	for (const char *const *t = targets; *t; t++) {
		size_t n = strlen(*t);

		if (!strncmp(text, "_build/", 7) && !strncmp(text + 7, *t, n) && text[7 + n] == '/')
			return *t;
	}
	return NULL;
}

/* Is what is beside the sources another target's? The link tells, or what was configured there. */
static bool is_of_another(const struct verb *v, const char *path)
{
	struct buf configured A_CLEANUP(buf_free) = {0};
	const char *target = rec_get(&v->record, "target"), *other = target_of_link(path);

	if (!other && verb_configured_target(v, &configured))
		other = buf_str(&configured);
	return other && strcmp(other, target);
}

/* Where the record's artifact is: in its build.dir; else beside the sources; else, when that isn't
 * there or is another target's, where build --all puts it. */
static void find_artifact(const struct verb *v, struct buf *path)
{
	struct buf all A_CLEANUP(buf_free) = {0};

	build_dir_path(&v->record, path);
	buf_addc(path, '/');
	artifact_path(&v->record, path);
	if (rec_get(&v->record, "build.dir"))
		return;
	buf_printf(&all, "%s/_build/%s/", rec_get(&v->record, "config.dir"),
	    rec_get(&v->record, "target"));
	artifact_path(&v->record, &all);
	if (access(buf_str(&all), F_OK) == 0 &&
	    (access(buf_str(path), F_OK) < 0 || is_of_another(v, buf_str(path)))) {
		buf_clear(path);
		buf_adds(path, buf_str(&all));
	}
}

/* The program and its arguments: those of the configuration, then those of the command line. */
static void command_of(const struct verb *v, const struct strv *arguments, struct strv *into)
{
	struct buf path A_CLEANUP(buf_free) = {0}, artifact A_CLEANUP(buf_free) = {0};
	const char *dir = rec_get(&v->record, "config.dir"), *shown;
	char here[PATH_MAX];

	artifact_path(&v->record, &artifact);
	if (buf_str(&artifact)[0] == '/')
		buf_adds(&path, buf_str(&artifact));
	else
		find_artifact(v, &path);
	shown = buf_str(&path);
	if (getcwd(here, sizeof here) && !strcmp(here, dir) && buf_str(&artifact)[0] != '/') {
		strv_addf(into, ".%s", shown + strlen(dir));
	} else {
		strv_add(into, shown);
	}
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
