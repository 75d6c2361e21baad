/* mirari-xl: unikernels on Xen, by xl or libvirt, here or on another machine. */
#include "core/fd.h"
#include "core/main.h"
#include "host/xlact.h"
#include "host/xlconfig.h"
#include "host/xldomain.h"
#include "host/xlshow.h"
#include "model/value.h"
#include "render/domaincommand.h"
#include "render/xlfile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	CONFIG = 1,
	DOMXML = 2,
	RUN = 4,
	CONSOLE = 8,
	LIST = 16,
	STOP = 32,
	DESTROY = 64,
	WAIT = 128,
	MAKES = CONFIG | DOMXML | RUN,
	NAMES = CONSOLE | STOP | DESTROY | WAIT,
	ACTS = RUN | NAMES | LIST
};

struct options {
	struct strv set;
	bool record, quiet;

	/* what is made of a unikernel */
	struct deviceoptions devices;
	struct strv arguments;
	const char *output, *driver, *log, *emulator;

	/* what is done with domains, and where */
	const char *place, *via, *uri, *timeout;
	bool detach, dry_run, all, force;

	unsigned command;  /* CONFIG … */
	struct strv words; /* what follows it */
};

static const struct opt_command commands[] = {{"config", CONFIG, false}, {"domxml", DOMXML, false},
    {"run", RUN, false}, {"console", CONSOLE, false}, {"list", LIST, false}, {"stop", STOP, false},
    {"destroy", DESTROY, false}, {"wait", WAIT, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[24];
	static struct usage u = {
	    .tool = "mirari-xl",
	    .purpose = "unikernels on Xen",
	    .synopsis = "COMMAND [OPTION]... [FILE|NAME] [-- ARG...]",
	    .examples = "  mirari-xl config www.xen -o www.xl       # what xl create takes\n"
			"  mirari-xl domxml www.xen                 # what virsh create takes\n"
			"  mirari-xl run www.xen -- --hello=world   # here, to its end\n"
			"  mirari-parse | mirari-xl run --on ssh://root@server --detach\n"
			"  mirari-xl list; mirari-xl console www; mirari-xl stop www\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {'r', "record", NULL, "read a record, also when there is a FILE", OPT_FLAG, &o->record,
		0},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set, 0},
	    {0, "net", "DEV=BRIDGE", "the bridge of a network device (repeatable)", OPT_LIST,
		&o->devices.nets, MAKES},
	    {0, "mac", "DEV=MAC", "its MAC address (repeatable)", OPT_LIST, &o->devices.macs,
		MAKES},
	    {0, "block", "DEV=PATH", "the file of a block device (repeatable)", OPT_LIST,
		&o->devices.blocks, MAKES},
	    {'m', "memory", "MIB", "its memory (default 32)", OPT_VALUE, &o->devices.memory, MAKES},
	    {'o', "output", "FILE", "config, domxml: write it to FILE", OPT_VALUE, &o->output,
		CONFIG | DOMXML},
	    {0, "for", "WORD", "domxml: xen, qemu, kvm or test (default xen)", OPT_VALUE,
		&o->driver, DOMXML},
	    {0, "log", "FILE", "domxml: where its output is kept, too", OPT_VALUE, &o->log, DOMXML},
	    {0, "emulator", "PATH", "domxml: which QEMU", OPT_VALUE, &o->emulator, DOMXML},
	    {0, "on", "PLACE", "where: local or ssh://[USER@]HOST[:PORT]", OPT_VALUE, &o->place,
		ACTS},
	    {0, "via", "WORD", "by xl or libvirt (default: what is there)", OPT_VALUE, &o->via,
		ACTS},
	    {0, "uri", "URI", "by libvirt, with this connection", OPT_VALUE, &o->uri, ACTS},
	    {'d', "detach", NULL, "run: let it go on; write its record", OPT_FLAG, &o->detach, RUN},
	    {'n', "dry-run", NULL, "run: only check it, and print xl's file", OPT_FLAG, &o->dry_run,
		RUN},
	    {0, "timeout", "SECONDS", "run, stop: until it is destroyed (default 5)", OPT_VALUE,
		&o->timeout, RUN | STOP},
	    {'f', "force", NULL, "stop, destroy: one that isn't there is fine", OPT_FLAG, &o->force,
		STOP | DESTROY},
	    {'a', "all", NULL, "list: not only what mirari has made", OPT_FLAG, &o->all, LIST},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet, 0},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.chosen = &o->command;
	u.behind = &o->arguments;
	return &u;
}

static const char *command_name(const struct options *o)
{
	static char name[32];

	snprintf(name, sizeof name, "mirari-xl %s", opt_command_name(commands, o->command));
	return name;
}

/* One file or name at most. */
static int one_word(const struct options *o, struct fault *fault)
{
	if (o->words.count <= 1)
		return 0;
	fault_set(fault, EX_USAGE, "%s at most, not also %s",
	    o->command & MAKES ? "one file" : "one name", o->words.items[1]);
	if (!(o->command & MAKES))
		return -1;
	return fault_hint(
	    fault, "%s %s -- %s ...", command_name(o), o->words.items[0], o->words.items[1]);
}

static void say_nothing(const char *format, ...) A_PRINTF(1, 2);

static void say_nothing(const char *format, ...)
{
	(void)format;
}

static void say_warnings(const struct options *o, const struct strv *warnings)
{
	for (size_t i = 0; i < warnings->count && !o->quiet; i++)
		say_note("%s", warnings->items[i]);
}

/* ---- what a unikernel is made to ----------------------------------------------------------------
 */

/* Options about places are settings like others. */
static void add_settings(struct options *o)
{
	const struct {
		const char *key, *value;
	} given[] = {{"deploy", o->place}, {"xen.via", o->via}, {"libvirt.uri", o->uri}};

	for (size_t i = 0; i < COUNT_OF(given); i++)
		if (given[i].value)
			strv_addf(&o->set, "%s=%s", given[i].key, given[i].value);
}

static struct xlconfig asked(const struct options *o)
{
	return (struct xlconfig){.asked = {.tool = command_name(o),
				     .file = o->words.count ? o->words.items[0] : NULL,
				     .record = o->record,
				     .set = &o->set},
	    .devices = &o->devices,
	    .more = &o->arguments,
	    .subject = {.fd = -1}};
}

/* The domain as xl's or libvirt's text. */
static int make(const struct options *o, struct fault *fault)
{
	struct xlconfig x A_CLEANUP(xlconfig_free) = asked(o);
	struct domxml xml = {.domain = &x.domain, .log = o->log, .emulator = o->emulator};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (xlconfig_driver(o->driver ? o->driver : "xen", &xml.driver, fault) < 0 ||
	    xlconfig_find(&x, fault) < 0 ||
	    (o->command == DOMXML ? domxml(&xml, &text, &x.warnings, fault)
				  : xlfile(&x.domain, &text, &x.warnings, fault)) < 0)
		return -1;
	say_warnings(o, &x.warnings);
	if (o->output)
		return xlconfig_write(&text, o->output, fault);
	put_bytes(&text);
	return EX_OK;
}

/* ---- domains ------------------------------------------------------------------------------------
 */

/* What mirari-virt is told: all that we know, since what standard input had is read. */
static int hand_over(const struct options *o, struct xlact *a, const struct rec *record,
    const struct strv *words, struct fault *fault)
{
	struct strv options A_CLEANUP(strv_free) = {0};

	/* where it is xlact_become_virt says */
	for (size_t i = 0; i < record->count && (o->command & MAKES); i++)
		if (!domaincommand_is_place(record->fields[i].key))
			strv_addf(&options, "--set=%s=%s", record->fields[i].key,
			    record->fields[i].value);
	if (o->detach)
		strv_add(&options, "--detach");
	if (o->force)
		strv_add(&options, "--force");
	if (o->all)
		strv_add(&options, "--all");
	if (o->quiet)
		strv_add(&options, "--quiet");
	if (o->timeout)
		strv_addf(&options, "--timeout=%s", o->timeout);
	return xlact_become_virt(
	    a, opt_command_name(commands, o->command), &options, words, &o->arguments, fault);
}

static int run(const struct options *o, struct xlact *a, struct fault *fault)
{
	struct xlconfig x A_CLEANUP(xlconfig_free) = asked(o);
	struct rec answer A_CLEANUP(rec_free) = {0};
	struct strv words A_CLEANUP(strv_free) = {0};
	const bool read = subject_takes_record(&x.asked);
	int status;

	if (xlconfig_find(&x, fault) < 0)
		return -1;
	a->record = &x.subject.record;
	if ((read && fd_leave_input(fault) < 0) || xlact_open(a, fault) < 0)
		return -1;
	if (a->libvirt) {
		strv_add(&words, buf_str(&x.subject.path));
		return hand_over(o, a, a->record, &words, fault);
	}
	if (o->detach)
		return xlact_create(a, &x, &answer, fault) < 0 ? -1 : put_record(&answer, NULL);
	return xlact_run(a, &x, read ? -1 : STDIN_FILENO, STDOUT_FILENO, &status, fault) < 0
		   ? -1
		   : status;
}

static int act_on(
    const struct options *o, struct xlact *a, const struct xlname *n, struct fault *fault)
{
	int status = EX_OK, result;

	if (o->command == WAIT)
		result = xlact_wait(a, n, &status, fault);
	else if (o->command == CONSOLE)
		result = xlact_console(a, n, STDIN_FILENO, STDOUT_FILENO, fault);
	else
		result = xlact_stop(a, n, o->command == DESTROY, o->force, fault);
	return result < 0 ? -1 : status;
}

/* A domain by its name, where a record says no more than where that is; or by a record. */
static int find_name(const struct options *o, struct rec *record, struct buf *name,
    char uuid[DOMAIN_UUID_LENGTH + 1], struct fault *fault)
{
	const char *given = o->words.count ? o->words.items[0] : NULL, *its;
	const struct subject_request asked = {
	    .tool = command_name(o), .file = given, .record = o->record, .set = &o->set};

	*uuid = '\0';
	if (subject_record(&asked, record, fault) < 0)
		return -1;
	if (given) {
		buf_adds(name, given);
		return value_fits(VALUE_NAME, given)
			   ? 0
			   : fault_set(fault, EX_USAGE, "'%s' is no domain's name", given);
	}
	if (domain_identify(record, name, uuid, fault) < 0)
		return -1;
	its = rec_get(record, "xen.uuid");
	if (its && strlen(its) == DOMAIN_UUID_LENGTH)
		memcpy(uuid, its, DOMAIN_UUID_LENGTH + 1);
	else if (!rec_get(record, "xl.uuid"))
		*uuid = '\0'; /* any of ours that is called so */
	return 0;
}

static int act_by_name(const struct options *o, struct xlact *a, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct buf name A_CLEANUP(buf_free) = {0};
	struct strv words A_CLEANUP(strv_free) = {0};
	char uuid[DOMAIN_UUID_LENGTH + 1];
	struct xlname n = {.uuid = NULL};

	if (find_name(o, &record, &name, uuid, fault) < 0)
		return -1;
	a->record = &record;
	if (xlact_open(a, fault) < 0)
		return -1;
	n.name = buf_str(&name);
	n.uuid = *uuid ? uuid : NULL;
	if (a->libvirt) {
		strv_add(&words, n.name);
		return hand_over(o, a, &record, &words, fault);
	}
	return act_on(o, a, &n, fault);
}

static int list(const struct options *o, struct xlact *a, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct xl_list all A_CLEANUP(xl_list_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	static const struct strv none;

	if (o->words.count)
		return fault_set(fault, EX_USAGE, "list takes no names: %s", o->words.items[0]);
	if (subject_settings(&o->set, &record, fault) < 0)
		return -1;
	a->record = &record;
	if (xlact_open(a, fault) < 0)
		return -1;
	if (a->libvirt)
		return hand_over(o, a, &record, &none, fault);
	if (xlact_list(a, o->all, &all, fault) < 0)
		return -1;
	xlshow(&all, isatty(STDOUT_FILENO), &text);
	put_bytes(&text);
	return EX_OK;
}

static int act(struct options *o, struct fault *fault)
{
	struct xlact a A_CLEANUP(xlact_close) = {.say = o->quiet ? say_nothing : say_note};

	add_settings(o);
	if (!(o->command & MAKES)) { /* what is behind -- is a name like another */
		strv_add_all(&o->words, &o->arguments);
		strv_free(&o->arguments);
	}
	if (one_word(o, fault) < 0 ||
	    opt_timeout(o->timeout, XL_GRACE_MS / 1000, &a.grace_ms, fault) < 0)
		return -1;
	if (o->command == LIST)
		return list(o, &a, fault);
	if (o->command & NAMES)
		return act_by_name(o, &a, fault);
	return o->command == RUN && !o->dry_run ? run(o, &a, fault) : make(o, fault);
}

int tool_main(int argc, char **argv)
{
	struct options o = {0};
	struct fault fault = {0};
	int status = tool_options(usage(&o), argc, argv, &o.words);

	if (status < 0) {
		status = act(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	deviceoptions_free(&o.devices);
	strv_free(&o.arguments);
	strv_free(&o.set);
	strv_free(&o.words);
	return status;
}
