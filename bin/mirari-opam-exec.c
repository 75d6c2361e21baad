/* mirari-opam-exec: a command inside an opam switch, without switching; packages installed first.
 */
#include "core/fd.h"
#include "core/main.h"
#include "core/proc.h"
#include "host/findlib.h"
#include "host/opam.h"
#include "host/opamenv.h"
#include "model/check.h"
#include "model/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *opam_switch;
	const char *root;
	const char *get;
	struct strv set;
	struct strv packages;
	bool install;
	bool build;
	bool record;
	bool no_fast;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[13];
	static struct usage u = {
	    .tool = "mirari-opam-exec",
	    .purpose = "run a command inside an opam switch, without switching",
	    .synopsis = "[OPTION]... [--] COMMAND [ARG]...\n"
			"       mirari-opam-exec [OPTION]... --install|--build <RECORD",
	    .examples =
		"  mirari-opam-exec -s mirage-xen -- make\n"
		"  mirari-opam-exec -s mirage-xen --install -p lwt -p uri -- make\n"
		"  mirari-parse | mirari-gen | mirari-opam-exec --install   # what it needs\n"
		"  mirari-parse | mirari-gen | mirari-opam-exec --build     # its build\n",
	    .options = table,
	    .command = true,
	};
	const struct opt options[] = {
	    {'s', "switch", "SWITCH", "the switch (default: the record's, else opam's)", OPT_VALUE,
		&o->opam_switch},
	    {0, "root", "DIR", "opam's root (default: $OPAMROOT, else ~/.opam)", OPT_VALUE,
		&o->root},
	    {0, "install", NULL, "install missing packages first", OPT_FLAG, &o->install},
	    {'p', "package", "PACKAGE", "a package to install (repeatable)", OPT_LIST,
		&o->packages},
	    {0, "build", NULL, "run the record's build.command in its config.dir", OPT_FLAG,
		&o->build},
	    {0, "no-fast", NULL, "let opam exec compute the environment", OPT_FLAG, &o->no_fast},
	    {'r', "record", NULL, "read a record though there is a command", OPT_FLAG, &o->record},
	    OPT_RECORD(&o->set, &o->get),
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_usage(const struct options *o, const struct strv *command, struct fault *fault)
{
	if (!command->count && !o->install && !o->build) {
		fault_set(fault, EX_USAGE, "no command, and neither --install nor --build");
		return fault_hint(fault, "mirari-opam-exec -s SWITCH -- COMMAND");
	}
	if (o->opam_switch && !*o->opam_switch)
		return fault_set(fault, EX_USAGE, "--switch is empty: name a switch");
	if (command->count && o->build)
		return fault_set(fault, EX_USAGE, "--build runs the record's command, not %s",
		    command->items[0]);
	if (o->get && (command->count || o->build))
		return fault_set(
		    fault, EX_USAGE, "--get is for --install alone, whose output is a record");
	if (o->packages.count && !o->install)
		return fault_set(fault, EX_USAGE, "--package needs --install");
	for (size_t i = 0; i < o->packages.count; i++) {
		const struct value_rule rule = {.type = VALUE_PACKAGE};
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal;

		if (!value_check(&rule, o->packages.items[i], &normal, &expected))
			return fault_set(fault, EX_USAGE, "--package=%s: expected %s",
			    o->packages.items[i], buf_str(&expected));
	}
	return 0;
}

/* Packages by opam, where there is a switch. */
static int install(
    const struct options *o, const struct opam *opam, const struct rec *record, struct fault *fault)
{
	struct strv packages A_CLEANUP(strv_free) = {0}, missing A_CLEANUP(strv_free) = {0};
	const char *allowed = rec_get(record, "install");

	strv_add_all(&packages, &o->packages);
	rec_get_all(record, "packages", &packages);
	if (o->packages.count && !opam->name.length) {
		fault_set(fault, EX_UNAVAILABLE, "there is no opam switch to install %s into",
		    o->packages.items[0]);
		return fault_hint(fault, "opam init makes a root with one");
	}
	if (opam->name.length && !(allowed && !strcmp(allowed, "false"))) {
		if (opam_missing(opam, &packages, &missing, fault) < 0)
			return -1;
		if (missing.count && opam_install(opam, &missing, fault) < 0)
			return -1;
	}
	return 0;
}

/* What the record's build needs must be there. */
static int check_needs(const struct opam *opam, const struct rec *record, struct fault *fault)
{
	struct strv libraries A_CLEANUP(strv_free) = {0};
	const char *builder = rec_get(record, "build.system");

	rec_get_all(record, "libraries", &libraries);
	if (!libraries.count)
		rec_get_all(record, "depends", &libraries);
	if (!libraries.count && !builder)
		return 0;
	if (builder && (!strcmp(builder, "command") || !strcmp(builder, "mirage")))
		builder = NULL;
	return findlib_check(opam, builder, &libraries, fault);
}

/* Becomes the command, inside the switch. */
static int become(const struct opam *opam, const struct strv *command, struct fault *fault)
{
	struct strv whole A_CLEANUP(strv_free) = {0};

	if (opam->name.length && (setenv("OPAMSWITCH", buf_str(&opam->name), 1) < 0 ||
				     setenv("OPAMROOT", buf_str(&opam->root), 1) < 0))
		return fault_errno(fault, EX_OSERR, errno, "setenv");
	opam_exec_command(opam, command, &whole);
	proc_exec(&whole, fault);
	return opam_explain(&whole, fault);
}

static int build(const struct opam *opam, const struct rec *record, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	const char *dir = check_needed(record, "config.dir", fault);
	int null A_CLEANUP(fd_close) = open("/dev/null", O_RDONLY | O_CLOEXEC);

	rec_get_all(record, "build.command", &command);
	if (!dir || (!command.count && !check_needed(record, "build.command", fault)))
		return -1;
	if (chdir(dir) < 0)
		return fault_errno(fault, 0, errno, "%s", dir);
	/* standard input was the record */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fault_errno(fault, 0, errno, "/dev/null");
	return become(opam, &command, fault);
}

/* The record's switch, if it has one: a relative directory starts at config.dir. */
static const char *record_switch(const struct rec *record, struct buf *path)
{
	const char *name = rec_get(record, "switch"), *dir = rec_get(record, "config.dir");

	if (!name || !dir || name[0] == '/' || (name[0] != '.' && !strchr(name, '/')))
		return name;
	buf_printf(path, "%s/%s", dir, name);
	return buf_str(path);
}

static int opam_exec(const struct options *o, const struct strv *command)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct opam opam A_CLEANUP(opam_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault fault;
	bool reads = !command->count || o->record;

	if (check_usage(o, command, &fault) < 0 ||
	    (reads && check_input(&record, &o->set, &fault) < 0))
		return say_fault(&fault);
	if (o->root && setenv("OPAMROOT", o->root, 1) < 0) {
		fault_errno(&fault, EX_OSERR, errno, "setenv OPAMROOT");
		return say_fault(&fault);
	}
	if (opam_find(&opam, o->opam_switch ? o->opam_switch : record_switch(&record, &path),
		rec_get(&record, "config.dir"), &fault) < 0)
		return say_fault(&fault);
	if (o->root && !opam.root.length) {
		fault_set(&fault, EX_DATAERR, "--root=%s: is no opam root", o->root);
		fault_hint(&fault, "opam init --root=%s makes one", o->root);
		return say_fault(&fault);
	}
	if (o->install && install(o, &opam, &record, &fault) < 0)
		return say_fault(&fault);
	/* where that isn't possible, opam exec is what the commands are started by */
	if (opam.name.length && !o->no_fast && opamenv_enter(&opam, &fault) < 0)
		return say_fault(&fault);
	if (o->install && check_needs(&opam, &record, &fault) < 0)
		return say_fault(&fault);
	if (command->count)
		become(&opam, command, &fault);
	else if (o->build)
		build(&opam, &record, &fault);
	else
		return put_record(&record, o->get);
	return say_fault(&fault);
}

int tool_main(int argc, char **argv)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	int status = tool_options(usage(&o), argc, argv, &command);

	if (status < 0)
		status = opam_exec(&o, &command);
	strv_free(&o.set);
	strv_free(&o.packages);
	return status;
}
