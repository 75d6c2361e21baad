/* mirari-tap: network devices for unikernels. */
#include "core/fd.h"
#include "core/main.h"
#include "core/proc.h"
#include "core/shell.h"
#include "host/bridgeplan.h"
#include "host/doctor.h"
#include "host/network.h"
#include "host/tapexec.h"
#include "host/taplist.h"
#include "host/tapplan.h"
#include "model/check.h"
#include "model/netgiven.h"

#include <string.h>
#include <unistd.h>

enum {
	UP = 1,
	DOWN = 2,
	LIST = 4,
	GC = 8,
	EXEC = 16,
	DOCTOR = 32,
	BRIDGE = 64,
	DEVICE = UP | EXEC,
	HOST = DEVICE | BRIDGE
};

#define NAME_BYTES "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct options {
	struct netgiven given;
	struct strv set;
	const char *device, *get;
	bool rootless, compat_2013, record, all, force, dry_run, quiet;

	unsigned command;   /* UP … */
	struct strv words;  /* what follows it */
	struct strv behind; /* and --: for bridge, a command */
	struct network_user user;
};

static const struct opt_command commands[] = {{"up", UP, false}, {"down", DOWN, false},
    {"bridge", BRIDGE, false}, {"list", LIST, false}, {"gc", GC, false}, {"exec", EXEC, true},
    {"doctor", DOCTOR, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[24];
	static struct usage u = {
	    .tool = "mirari-tap",
	    .purpose = "network devices for unikernels: taps, bridges, NAT, DHCP",
	    .synopsis = "up|down|bridge|list|gc|exec|doctor [OPTION]... [NAME|WORD]...",
	    .examples = "  mirari-tap up tap0 --host 10.0.0.1/24     # a tap that you may open\n"
			"  mirari-parse | mirari-tap up              # all devices of a project\n"
			"  mirari-tap list; mirari-tap down tap0\n"
			"  mirari-tap bridge xenbr0 --host 10.0.0.1/24 --dhcp --nat\n"
			"  mirari-tap exec --host 10.0.0.1/24 -- ./mir-www   # for one program\n"
			"  mirari-tap exec --rootless -p 8080:80 -- ./mir-www\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {'d', "device", "NAME", "exec: the device's name (default service)", OPT_VALUE,
		&o->device, EXEC},
	    {0, "host", "ADDR/LEN", "the host's address (repeatable)", OPT_LIST, &o->given.hosts,
		HOST},
	    {0, "guest", "ADDR/LEN", "the guest's (default: the host's next)", OPT_LIST,
		&o->given.guests, DEVICE},
	    {0, "owner", "USER", "who may open it (default: you)", OPT_VALUE, &o->given.owner, UP},
	    {0, "group", "GROUP", "only members of this group may", OPT_VALUE, &o->given.group, UP},
	    {0, "mtu", "BYTES", "its MTU", OPT_VALUE, &o->given.mtu, HOST},
	    {0, "mac", "MAC", "the guest's MAC address", OPT_VALUE, &o->given.mac, DEVICE},
	    {0, "bridge", "NAME", "put it into this bridge", OPT_VALUE, &o->given.bridge, DEVICE},
	    {0, "create-bridge", NULL, "make the bridge if it isn't there", OPT_FLAG,
		&o->given.bridge_create, DEVICE},
	    {0, "dhcp", NULL, "answer the guest's DHCP", OPT_FLAG, &o->given.dhcp, HOST},
	    {0, "nat", NULL, "let the guest reach the outside", OPT_FLAG, &o->given.nat, HOST},
	    {'p', "publish", "HOST:GUEST", "a port that leads to the guest (repeatable)", OPT_LIST,
		&o->given.published, DEVICE},
	    {0, "rootless", NULL, "exec: in a network of its own", OPT_FLAG, &o->rootless, EXEC},
	    {0, "compat-2013", NULL, "exec: hand over as Mirari did in 2013", OPT_FLAG,
		&o->compat_2013, EXEC},
	    {'r', "record", NULL, "exec, bridge with a command: read a record", OPT_FLAG,
		&o->record, EXEC | BRIDGE},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set,
		UP | DOWN | EXEC | BRIDGE},
	    {0, "get", "KEY", "up, bridge: print only the values of this key", OPT_VALUE, &o->get,
		UP | BRIDGE},
	    {'a', "all", NULL, "down: every one of ours; list: others' too", OPT_FLAG, &o->all,
		DOWN | LIST},
	    {'f', "force", NULL, "down: also what is in use", OPT_FLAG, &o->force, DOWN},
	    {'n', "dry-run", NULL, "change nothing, say what would be", OPT_FLAG, &o->dry_run,
		UP | DOWN | GC | BRIDGE},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet, UP | DOWN | GC | BRIDGE},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.chosen = &o->command;
	u.behind = &o->behind;
	u.behind_are = "words of a command";
	return &u;
}

static int check_words(const struct options *o, struct fault *fault)
{
	if ((o->command & (GC | DOCTOR)) && o->words.count)
		return fault_set(fault, EX_USAGE, "takes no names: %s", o->words.items[0]);
	if (o->command == DOWN && o->all && o->words.count)
		return fault_set(fault, EX_USAGE, "--all doesn't go with names");
	if (o->command == EXEC && !o->words.count) {
		fault_set(fault, EX_USAGE, "exec: there is no command");
		return fault_hint(fault, "mirari-tap exec --host 10.0.0.1/24 -- COMMAND");
	}
	return 0;
}

/* What is wrong in a record that the command line made is wrong usage. */
static int check_values(const struct options *o, const struct rec *record, struct fault *fault)
{
	if (check_record(record, fault) == 0)
		return 0;
	if (o->command == EXEC ? !o->record : o->words.count)
		fault->status = EX_USAGE;
	return -1;
}

/* A bridge's name as that of a device: no other characters are in those. The device has a tap's
 * name only because every device has one. */
static int add_bridge(
    const struct options *o, const char *name, struct rec *record, struct fault *fault)
{
	struct buf device A_CLEANUP(buf_free) = {0}, key A_CLEANUP(buf_free) = {0};

	for (const char *c = name; *c; c++)
		buf_addc(&device, strchr(NAME_BYTES, *c) ? *c : '_');
	buf_printf(&key, "net.%s.bridge", buf_str(&device));
	if (rec_get(record, buf_str(&key)))
		return fault_set(fault, EX_USAGE, "%s is too much like %s to go with it", name,
		    rec_get(record, buf_str(&key)));
	if (rec_add(record, buf_str(&key), name, fault) < 0)
		return -1;
	return netgiven_add(&o->given, buf_str(&device), buf_str(&device), record, fault);
}

static int add_named(
    const struct options *o, const char *name, struct rec *record, struct fault *fault)
{
	return o->command == BRIDGE ? add_bridge(o, name, record, fault)
				    : netgiven_add(&o->given, name, name, record, fault);
}

/* The record that we are to read from standard input, which the program doesn't get then. */
static int read_input(const struct options *o, struct rec *record, struct fault *fault)
{
	if (!o->record)
		return 0;
	return rec_read_stdin(record, fault) < 0 ? -1 : fd_leave_input(fault);
}

/* The record that a command works on: by options for each name, else from standard input, which is
 * that of the command of bridge if there is one, unless it is said. */
static int read_record(const struct options *o, struct rec *record, struct fault *fault)
{
	const bool chained = o->command == BRIDGE && o->behind.count;

	if (!o->words.count && netgiven_any(&o->given))
		return fault_set(fault, EX_USAGE, "options of a device need its name");
	if (chained && read_input(o, record, fault) < 0)
		return -1;
	if (!chained && !o->words.count && isatty(STDIN_FILENO)) {
		fault_set(fault, EX_USAGE, "neither a name nor a record");
		return fault_hint(fault, "mirari-tap %s NAME, or: mirari-parse | mirari-tap %s",
		    opt_command_name(commands, o->command), opt_command_name(commands, o->command));
	}
	if (!chained && !o->words.count && rec_read_stdin(record, fault) < 0)
		return -1;
	for (size_t i = 0; i < o->words.count; i++)
		if (add_named(o, o->words.items[i], record, fault) < 0)
			return -1;
	if (rec_apply(record, &o->set, fault) < 0)
		return -1;
	return check_values(o, record, fault);
}

static int up(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0}, result A_CLEANUP(rec_free) = {0};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct buf plan A_CLEANUP(buf_free) = {0};

	if (read_record(o, &record, fault) < 0 || netdevs_read(&record, &devices, fault) < 0)
		return -1;
	if (o->dry_run) {
		if (tapplan(&devices, o->user.uid, &plan, fault) < 0)
			return -1;
		put_bytes(&plan);
		return EX_OK;
	}
	if ((devices.count && network_up(&devices, &o->user, fault) < 0) ||
	    netdevs_write(&devices, &record, &result, fault) < 0)
		return -1;
	return put_record(&result, o->get);
}

/* What was asked for by name; nothing of it is a guest. */
static int put_bridges(const struct options *o, const struct netdevs *devices,
    const struct rec *record, struct fault *fault)
{
	struct rec result A_CLEANUP(rec_free) = {0};

	if (!o->words.count) {
		if (netdevs_write_bridges(devices, record, &result, fault) < 0)
			return -1;
		return put_record(&result, o->get);
	}
	for (size_t i = 0; i < record->count; i++) {
		const char *key = record->fields[i].key, *last = strrchr(key, '.');

		if (!last || strcmp(last, ".tap"))
			rec_borrow(&result, &record->fields[i]);
	}
	return put_record(&result, o->get);
}

static int bridge(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct buf plan A_CLEANUP(buf_free) = {0};
	bool kept = o->words.count;

	if (read_record(o, &record, fault) < 0 || netdevs_read(&record, &devices, fault) < 0)
		return -1;
	if (o->dry_run) {
		if (bridgeplan(&devices, kept, o->user.uid, &plan, fault) < 0)
			return -1;
		put_bytes(&plan);
		return EX_OK;
	}
	if (devices.count && network_bridge(&devices, kept, &o->user, fault) < 0)
		return -1;
	if (o->behind.count)
		return proc_exec(&o->behind, fault);
	return put_bridges(o, &devices, &record, fault);
}

/* Which taps and bridges are to go: those named, else those of a record. */
static int name_taps(const struct options *o, struct strv *names, struct rec *record,
    struct netdevs *devices, struct fault *fault)
{
	if (o->all || o->words.count || o->command == GC) {
		strv_add_all(names, &o->words);
		return 0;
	}
	if (read_record(o, record, fault) < 0 || netdevs_read(record, devices, fault) < 0)
		return -1;
	for (size_t i = 0; i < devices->count; i++)
		strv_add(names, devices->items[i].tap);
	return 0;
}

/* One line. Names that somebody else chose are quoted where they need it. */
static void say_names(const char *what, const struct strv *names, bool quoted)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < names->count; i++) {
		buf_adds(&text, i ? ", " : "");
		if (quoted)
			shell_word(&text, names->items[i]);
		else
			buf_adds(&text, names->items[i]);
	}
	if (names->count > 50)
		say_note("%s %zu interfaces", what, names->count);
	else if (names->count)
		say_note("%s %s", what, buf_str(&text));
}

static int down(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct tapgone gone A_CLEANUP(tapgone_free) = {.all = o->all,
	    .litter = o->command == GC,
	    .thorough = true,
	    .force = o->force,
	    .limited = o->user.limited,
	    .owner = o->user.uid,
	    .dry_run = o->dry_run};

	if (name_taps(o, &gone.names, &record, &devices, fault) < 0)
		return -1;
	gone.devices = devices.count ? &devices : NULL;
	if (!gone.names.count && !gone.all && !gone.litter)
		return EX_OK;
	if (network_down(&gone, fault) < 0)
		return -1;
	if (o->dry_run || !o->quiet)
		say_names(o->dry_run ? "would remove" : "removed", &gone.removed, false);
	if (!o->quiet)
		say_names("isn't there:", &gone.absent, true);
	return EX_OK;
}

static int list(const struct options *o, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct strv absent A_CLEANUP(strv_free) = {0};

	if (taplist(&o->words, o->all, isatty(STDOUT_FILENO), &text, &absent, fault) < 0)
		return -1;
	put_bytes(&text);
	say_names("isn't there:", &absent, true);
	return absent.count ? EXIT_NO : EX_OK;
}

static int run(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct tapexec exec = {.devices = &devices,
	    .command = &o->words,
	    .rootless = o->rootless,
	    .compat_2013 = o->compat_2013,
	    .limited = o->user.limited && !o->rootless,
	    .uid = o->user.uid,
	    .gid = o->user.gid,
	    .complain = say_fault};

	if (read_input(o, &record, fault) < 0 ||
	    tapexec_describe(&exec, &o->given, o->device, &o->set, &record, fault) < 0 ||
	    check_values(o, &record, fault) < 0 || netdevs_read(&record, &devices, fault) < 0)
		return -1;
	return tapexec(&exec, fault);
}

static int doctor(struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	enum finding_grade worst;

	if (doctor_list(isatty(STDOUT_FILENO), &text, &worst, fault) < 0)
		return -1;
	put_bytes(&text);
	return worst == FINDING_BAD ? EXIT_NO : EX_OK;
}

static int act(const struct options *o, struct fault *fault)
{
	switch (o->command) {
	case UP:
		return up(o, fault);
	case BRIDGE:
		return bridge(o, fault);
	case DOWN:
	case GC:
		return down(o, fault);
	case LIST:
		return list(o, fault);
	case EXEC:
		return run(o, fault);
	default:
		return doctor(fault);
	}
}

int tool_main(int argc, char **argv)
{
	struct options o = {0};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.words);

	if (status < 0) {
		if (o.command != BRIDGE)
			strv_add_all(&o.words, &o.behind);
		if (check_words(&o, &fault) == 0 && network_user(&o.user, &fault) == 0)
			status = act(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	netgiven_free(&o.given);
	strv_free(&o.set);
	strv_free(&o.words);
	strv_free(&o.behind);
	return status;
}
