/* mirari-virt: unikernels as domains of libvirt, on Xen and QEMU, here and elsewhere. */
#include "core/fd.h"
#include "core/main.h"
#include "core/mem.h"
#include "host/remotefile.h"
#include "host/virtdomain.h"
#include "host/virtend.h"
#include "host/virtplan.h"
#include "host/virtrun.h"
#include "model/shutdown.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN = 1, CONSOLE = 2, LIST = 4, STOP = 8, DESTROY = 16, WAIT = 32 };

struct options {
	struct strv set;
	const char *uri, *place, *get;
	bool record, quiet;

	/* run */
	struct deviceoptions devices;
	struct strv arguments;
	const char *accel, *log;
	bool detach, dry_run;

	bool all, force;
	const char *timeout;

	unsigned command;  /* RUN … */
	struct strv words; /* what follows it */
};

static const struct opt_command commands[] = {{"run", RUN, false}, {"console", CONSOLE, false},
    {"list", LIST, false}, {"stop", STOP, false}, {"destroy", DESTROY, false},
    {"wait", WAIT, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[22];
	static struct usage u = {
	    .tool = "mirari-virt",
	    .purpose = "unikernels by libvirt, on Xen and QEMU",
	    .synopsis = "run|console|list|stop|destroy|wait [OPTION]... [WORD]",
	    .examples = "  mirari-virt run www.virtio --net service=tap0 -- --port=80\n"
			"  mirari-virt run -d --on ssh://root@host www.xen\n"
			"  mirari-virt list --uri xen+ssh://root@host/system\n"
			"  mirari-virt stop www\n"
			"  mirari-parse -t xen | mirari-virt run -d >www.record\n"
			"  mirari-virt wait <www.record\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {0, "uri", "URI", "libvirt's connection (default: that of the target)", OPT_VALUE,
		&o->uri, 0},
	    {0, "on", "PLACE", "where: local or ssh://[USER@]HOST[:PORT], for Xen", OPT_VALUE,
		&o->place, 0},
	    {'r', "record", NULL, "read a record, also when there is a word", OPT_FLAG, &o->record,
		0},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set, 0},
	    {0, "get", "KEY", "print only the values of this key", OPT_VALUE, &o->get, RUN | LIST},
	    {0, "net", "DEV=TAP", "run: its tap; on Xen, its bridge (repeatable)", OPT_LIST,
		&o->devices.nets, RUN},
	    {0, "mac", "DEV=MAC", "run: its MAC address (repeatable)", OPT_LIST, &o->devices.macs,
		RUN},
	    {0, "block", "DEV=PATH", "run: the file of a block device (repeatable)", OPT_LIST,
		&o->devices.blocks, RUN},
	    {'m', "memory", "MIB", "run: its memory (default 32)", OPT_VALUE, &o->devices.memory,
		RUN},
	    {0, "accel", "WORD", "run: kvm or tcg, for virtio", OPT_VALUE, &o->accel, RUN},
	    {0, "log", "FILE", "run: where what it prints is kept, too", OPT_VALUE, &o->log, RUN},
	    {'d', "detach", NULL, "run: don't stay; print the record", OPT_FLAG, &o->detach, RUN},
	    {'n', "dry-run", NULL, "run: print libvirt's XML instead", OPT_FLAG, &o->dry_run, RUN},
	    {'f', "force", NULL, "console: take it; stop, destroy: or it isn't there", OPT_FLAG,
		&o->force, CONSOLE | STOP | DESTROY},
	    {'a', "all", NULL, "list: others' too, and what doesn't run", OPT_FLAG, &o->all, LIST},
	    {0, "timeout", "SECONDS", "stop: until it is destroyed (default 5)", OPT_VALUE,
		&o->timeout, STOP},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet, 0},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.chosen = &o->command;
	u.behind = &o->arguments;
	return &u;
}

static virt_note *note_of(const struct options *o)
{
	return o->quiet ? NULL : say_note;
}

/* Of the kernel, on another machine. */
static void remove_copy(const struct virt *v, const char *name)
{
	struct fault fault = {0};

	if (v->ssh.place.length && remotefile_remove(&v->ssh.link, name, &fault) < 0)
		say_note("%s", fault.text);
}

/* ---- run ----------------------------------------------------------------------------------------
 */

static void say_end(const struct options *o, const char *name, const struct virtend *how)
{
	struct buf newline A_CLEANUP(buf_free) = {0};

	/* what the guest has printed stands there yet */
	if (how->left && isatty(STDOUT_FILENO)) {
		buf_addc(&newline, '\n');
		put_bytes(&newline);
		fflush(stdout);
	}
	if (o->quiet)
		return;
	if (how->left)
		say_note("left; %s goes on: mirari-virt console %s", name, name);
	else if (how->reason != SHUTDOWN_POWEROFF)
		say_note("%s: %s", name,
		    how->reason == SHUTDOWN_UNKNOWN ? "has ended, nobody could say how"
						    : shutdown_name(how->reason));
}

static int run_there(const struct options *o, struct virtplan *p, struct fault *fault)
{
	struct virt v A_CLEANUP(virt_free) = {0};
	struct virtend how;
	const char *name = p->domain.name;

	if (virt_find(&v, &p->subject.record, o->uri, fault) < 0 || virt_open(&v, fault) < 0)
		return -1;
	if (!o->dry_run &&
	    (virtdomain_check_name(&v, name, fault) < 0 || virtplan_bring(p, &v, fault) < 0))
		return -1;
	if (virtplan_write(p, &v, fault) < 0)
		return -1;
	for (size_t i = 0; i < p->warnings.count && !o->quiet; i++)
		say_note("%s", p->warnings.items[i]);
	if (o->dry_run) {
		put_bytes(&p->xml);
		return EX_OK;
	}
	if (o->detach) {
		if (virtrun_detached(&v, name, buf_str(&p->xml), &p->subject.record, fault) < 0)
			return -1;
		return put_record(&p->subject.record, o->get);
	}
	if (virtrun(&v, name, buf_str(&p->xml), note_of(o), &how, fault) < 0)
		return -1;
	/* who starts it again sends less */
	if (how.told_to && how.ended)
		remove_copy(&v, name);
	say_end(o, name, &how);
	return how.left ? EX_OK : virtrun_status(&how, &p->subject.image);
}

static int run(const struct options *o, struct fault *fault)
{
	struct virtplan p A_CLEANUP(virtplan_free) = {
	    .asked = {.tool = "mirari-virt run",
		.file = o->words.count ? o->words.items[0] : NULL,
		.record = o->record,
		.set = &o->set},
	    .devices = &o->devices,
	    .more = &o->arguments,
	    .accel = o->accel,
	    .log = o->log,
	    .subject = {.fd = -1}};

	if (o->words.count > 1) {
		fault_set(fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
		return fault_hint(
		    fault, "mirari-virt run %s -- %s ...", o->words.items[0], o->words.items[1]);
	}
	if (virtplan_find(&p, fault) < 0 ||
	    (subject_takes_record(&p.asked) && fd_leave_input(fault) < 0))
		return -1;
	return run_there(o, &p, fault);
}

/* ---- what is there ------------------------------------------------------------------------------
 */

/* The names that were given, or that of the record, and a connection to where they are. */
static int find_names(
    const struct options *o, struct virt *v, struct strv *names, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct buf tool A_CLEANUP(buf_free) = {0}, name A_CLEANUP(buf_free) = {0};
	struct subject_request asked = {
	    .file = o->words.count ? o->words.items[0] : NULL, .record = o->record, .set = &o->set};
	char uuid[DOMAIN_UUID_LENGTH + 1];

	buf_printf(&tool, "mirari-virt %s", opt_command_name(commands, o->command));
	asked.tool = buf_str(&tool);
	/* a list without a name is one of all */
	if (o->command == LIST && !asked.file)
		asked.file = "";
	if (!asked.file && !o->record && isatty(STDIN_FILENO)) {
		fault_set(fault, EX_USAGE, "neither a name nor a record");
		return fault_hint(fault, "%s NAME; mirari-virt list", asked.tool);
	}
	if (subject_record(&asked, &record, fault) < 0)
		return -1;
	strv_add_all(names, &o->words);
	if (!names->count && subject_takes_record(&asked)) {
		if (domain_identify(&record, &name, uuid, fault) < 0)
			return -1;
		strv_add(names, buf_str(&name));
	}
	if (subject_takes_record(&asked) && fd_leave_input(fault) < 0)
		return -1;
	return virt_find(v, &record, o->uri, fault) < 0 ? -1 : virt_open(v, fault);
}

static int list(
    const struct options *o, struct virt *v, const struct strv *names, struct fault *fault)
{
	struct virtlist l A_CLEANUP(virtlist_free) = {.names = names,
	    .all = o->all,
	    .table = !o->get && isatty(STDOUT_FILENO),
	    .get = o->get};

	if (virtdomain_list(v, &l, fault) < 0)
		return -1;
	put_bytes(&l.text);
	for (size_t i = 0; i < l.absent.count; i++)
		say_note("%s: no such domain at %s", l.absent.items[i], virt_name(v));
	return l.absent.count || (o->get && !l.text.length) ? EXIT_NO : EX_OK;
}

static int stop(
    const struct options *o, struct virt *v, const struct strv *names, struct fault *fault)
{
	struct virtending *each;
	int64_t patience = 0;
	int status = EX_OK;

	if (o->command == STOP &&
	    opt_timeout(o->timeout, VIRTLIFE_PATIENCE_MS / 1000, &patience, fault) < 0)
		return -1;
	each = mem_zeroed(names->count, sizeof *each);
	virtend_stop(v, names, patience, each);
	for (size_t i = 0; i < names->count; i++) {
		if (each[i].result < 0 && !(o->force && each[i].absent))
			status = say_fault(&each[i].fault);
		else
			remove_copy(v, each[i].name);
		if (each[i].result < 0)
			continue;
		if (o->command == STOP && each[i].reason == SHUTDOWN_DESTROYED && !o->quiet)
			say_note("%s: was destroyed, as it didn't end by itself", each[i].name);
	}
	free(each);
	return status;
}

static int one_name(const struct options *o, const struct strv *names, struct fault *fault)
{
	struct buf hint A_CLEANUP(buf_free) = {0};

	buf_printf(
	    &hint, "mirari-virt %s NAME; mirari-virt list", opt_command_name(commands, o->command));
	return opt_one_name(names, buf_str(&hint), fault);
}

static int look(
    const struct options *o, struct virt *v, const struct strv *names, struct fault *fault)
{
	const char *name = names->items[0];
	struct virtend how;
	virDomainPtr domain;

	if (virtdomain_find(v, name, &domain, fault) < 0)
		return -1;
	if (isatty(STDIN_FILENO) && !o->quiet)
		say_note("the console of %s; ^] leaves", name);
	if (virtrun_attach(v, domain, o->force, note_of(o), &how, fault) < 0)
		return -1;
	if (how.ended || how.left)
		say_end(o, name, &how);
	else if (!o->quiet)
		say_note("%s: its console was closed", name);
	return EX_OK;
}

static int wait_for_end(
    const struct options *o, struct virt *v, const struct strv *names, struct fault *fault)
{
	int reason;

	if (virtend_wait(v, names->items[0], note_of(o), &reason, fault) < 0)
		return -1;
	return shutdown_status(reason);
}

static int with_names(const struct options *o, struct fault *fault)
{
	struct virt v A_CLEANUP(virt_free) = {0};
	struct strv names A_CLEANUP(strv_free) = {0};

	if (find_names(o, &v, &names, fault) < 0)
		return -1;
	switch (o->command) {
	case LIST:
		return list(o, &v, &names, fault);
	case CONSOLE:
		return one_name(o, &names, fault) < 0 ? -1 : look(o, &v, &names, fault);
	case WAIT:
		return one_name(o, &names, fault) < 0 ? -1 : wait_for_end(o, &v, &names, fault);
	default:
		return stop(o, &v, &names, fault);
	}
}

int tool_main(int argc, char **argv)
{
	struct options o = {0};
	struct fault fault = {0};
	int status = tool_options(usage(&o), argc, argv, &o.words);

	if (status < 0) {
		if (o.place)
			strv_addf(&o.set, "deploy=%s", o.place);
		if (o.command != RUN) { /* what is behind -- is a name like another */
			strv_add_all(&o.words, &o.arguments);
			strv_free(&o.arguments);
		}
		signal(SIGPIPE, SIG_IGN); /* who has read enough is no failure */
		status = o.command == RUN ? run(&o, &fault) : with_names(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	deviceoptions_free(&o.devices);
	strv_free(&o.arguments);
	strv_free(&o.set);
	strv_free(&o.words);
	return status;
}
