/* mirari-opam-exec: a command inside an opam switch, without switching; packages installed first.
 */
#include "core/fd.h"
#include "core/main.h"
#include "core/proc.h"
#include "host/jobserver.h"
#include "host/opamenv.h"
#include "host/provide.h"
#include "model/artifact.h"
#include "model/check.h"
#include "model/value.h"
#include "render/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *opam_switch;
	const char *root;
	const char *get;
	const char *format;
	const char *wait;
	struct strv set;
	struct strv packages;
	bool install;
	bool depexts;
	bool create;
	bool build;
	bool print;
	bool record;
	bool no_fast;
	struct opamchange change;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[18];
	static struct usage u = {
	    .tool = "mirari-opam-exec",
	    .purpose = "run a command inside an opam switch, without switching",
	    .synopsis = "[OPTION]... [--] COMMAND [ARG]...\n"
			"       mirari-opam-exec [OPTION]... --print\n"
			"       mirari-opam-exec [OPTION]... --install|--build <RECORD",
	    .examples =
		"  mirari-opam-exec -s mirage-xen -- make\n"
		"  mirari-opam-exec -s mirage-xen --install -p lwt -p uri -- make\n"
		"  eval \"$(mirari-opam-exec -s mirage-xen --print)\"\n"
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
	    {0, "install-system", NULL, "let opam install system packages too", OPT_FLAG,
		&o->depexts},
	    {0, "create-switch", NULL, "make the switch if it isn't there", OPT_FLAG, &o->create},
	    {0, "wait", "SECONDS", "how long another opam is waited for (default 300)", OPT_VALUE,
		&o->wait},
	    {0, "build", NULL, "run the record's build.command in its config.dir", OPT_FLAG,
		&o->build},
	    {0, "print", NULL, "print what changes in the environment", OPT_FLAG, &o->print},
	    {0, "format", "FORMAT", "of --print: shell (default), json or records", OPT_VALUE,
		&o->format},
	    {0, "no-fast", NULL, "let opam exec compute the environment", OPT_FLAG, &o->no_fast},
	    {'r', "record", NULL, "read a record though there is a command", OPT_FLAG, &o->record},
	    OPT_RECORD(&o->set, &o->get),
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_packages(const struct options *o, struct fault *fault)
{
	const struct value_rule rule = {.type = VALUE_PACKAGE};

	for (size_t i = 0; i < o->packages.count; i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal;

		if (!value_check(&rule, o->packages.items[i], &normal, &expected))
			return fault_set(fault, EX_USAGE, "--package=%s: expected %s",
			    o->packages.items[i], buf_str(&expected));
	}
	if (o->packages.count && !o->install)
		return fault_set(fault, EX_USAGE, "--package needs --install");
	return 0;
}

/* One thing to do: a command, --build or --print; or none of them, and --install alone. */
static int check_usage(const struct options *o, const struct strv *command, struct fault *fault)
{
	if ((command->count > 0) + o->build + o->print > 1)
		return fault_set(fault, EX_USAGE, "--%s doesn't go with %s",
		    o->print ? "print" : "build", command->count ? "a command" : "--build");
	if (!command->count && !o->install && !o->build && !o->print) {
		fault_set(
		    fault, EX_USAGE, "no command, and none of --install, --build and --print");
		return fault_hint(fault, "mirari-opam-exec -s SWITCH -- COMMAND");
	}
	if (o->opam_switch && !*o->opam_switch)
		return fault_set(fault, EX_USAGE, "--switch is empty: name a switch");
	if (o->get && (command->count || o->build || o->print))
		return fault_set(
		    fault, EX_USAGE, "--get is for --install alone, whose output is a record");
	if (o->format && !o->print)
		return fault_set(fault, EX_USAGE, "--format is for --print");
	if (o->format && strcmp(o->format, "shell") && strcmp(o->format, "json") &&
	    strcmp(o->format, "records"))
		return fault_set(fault, EX_USAGE,
		    "--format=%s: expected one of shell, json, records", o->format);
	if (o->depexts && !o->install && !o->create)
		return fault_set(fault, EX_USAGE, "--install-system needs --install");
	return check_packages(o, fault);
}

static void say_waiting(const char *holder, const struct opamlock_limit *limit)
{
	say_note("another opam works on the switch (%s): waiting for it, at most %u s", holder,
	    limit->seconds);
}

/* Becomes the command, inside the switch. */
static int become(const struct opam *opam, const struct strv *command, struct fault *fault)
{
	struct strv whole A_CLEANUP(strv_free) = {0};

	opam_exec_command(opam, command, &whole);
	proc_exec(&whole, fault);
	return opam_explain(&whole, fault);
}

static int build(const struct opam *opam, const struct rec *record, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf dir A_CLEANUP(buf_free) = {0};

	rec_get_all(record, "build.command", &command);
	if (!check_needed(record, "config.dir", fault) ||
	    (!command.count && !check_needed(record, "build.command", fault)))
		return -1;
	/* dune knows no jobserver, and would start a job for each processor beside others' */
	if (command.count > 1 && !strcmp(command.items[0], "dune") &&
	    !strcmp(command.items[1], "build") && jobserver_above())
		strv_list(&command, "-j", "1");
	build_dir_path(record, &dir);
	if (chdir(buf_str(&dir)) < 0)
		return fault_errno(fault, 0, errno, "%s", buf_str(&dir));
	return fd_leave_input(fault) < 0 ? -1 : become(opam, &command, fault);
}

static int print(const struct options *o, const struct opam *opam, const struct strv *before,
    struct fault *fault)
{
	struct strv after A_CLEANUP(strv_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	char *const *old = strv_argv(before);
	int result;

	if (opam_environment(opam, &after, fault) < 0)
		return -1;
	if (o->format && !strcmp(o->format, "records"))
		result = environment_record(old, strv_argv(&after), &record, fault);
	else if (o->format && !strcmp(o->format, "json"))
		result = environment_json(old, strv_argv(&after), &text, fault);
	else
		result = environment_shell(old, strv_argv(&after), &text, fault);
	if (result == 0 && o->format && !strcmp(o->format, "records"))
		rec_write(&record, &text);
	if (result == 0)
		put_bytes(&text);
	return result;
}

/* What was asked for, with the switch found and entered. Returns only when nothing was become. */
static int act(const struct options *o, const struct opam *opam, const struct rec *record,
    const struct strv *command, const struct strv *before, struct fault *fault)
{
	if (o->install && provide_packages(opam, &o->packages, record, &o->change, fault) < 0)
		return -1;
	/* where that isn't possible, opam exec is what the commands are started by */
	if (opam->name.length && !o->no_fast && opamenv_enter(opam, fault) < 0)
		return -1;
	if (o->install && provide_check(opam, record, fault) < 0)
		return -1;
	/* for an opam that the command starts, whichever way we go */
	if (opam->name.length && (setenv("OPAMSWITCH", buf_str(&opam->name), 1) < 0 ||
				     setenv("OPAMROOT", buf_str(&opam->root), 1) < 0))
		return fault_errno(fault, EX_OSERR, errno, "setenv");
	if (command->count)
		return become(opam, command, fault);
	if (o->build)
		return build(opam, record, fault);
	return o->print ? print(o, opam, before, fault) : put_record(record, o->get);
}

static int opam_exec(struct options *o, const struct strv *command)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct opam opam A_CLEANUP(opam_free) = {0};
	struct strv before A_CLEANUP(strv_free) = {0};
	struct fault fault;
	bool reads = (!command->count && !o->print) || o->record;
	int status;

	o->change = (struct opamchange){.depexts = o->depexts, .limit.waiting = say_waiting};
	if (check_usage(o, command, &fault) < 0 ||
	    opamlock_parse(&o->change.limit, o->wait, &fault) < 0 ||
	    (reads && check_input(&record, &o->set, &fault) < 0))
		return say_fault(&fault);
	if (o->print)
		strv_add_words(&before, (const char *const *)environ);
	if (o->root && setenv("OPAMROOT", o->root, 1) < 0) {
		fault_errno(&fault, EX_OSERR, errno, "setenv OPAMROOT");
		return say_fault(&fault);
	}
	if (provide_switch(&opam, o->opam_switch, &record, o->create ? &o->change : NULL, &fault) <
	    0)
		return say_fault(&fault);
	if (o->root && !opam.root.length) {
		fault_set(&fault, EX_DATAERR, "--root=%s: is no opam root", o->root);
		fault_hint(&fault, "opam init --root=%s makes one", o->root);
		return say_fault(&fault);
	}
	status = act(o, &opam, &record, command, &before, &fault);
	return status < 0 ? say_fault(&fault) : status;
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
