/* mirari-tap: network devices for unikernels. */
#include "core/main.h"
#include "host/tapgone.h"
#include "host/taplist.h"
#include "host/taps.h"
#include "model/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum command { UP = 1, DOWN = 2, LIST = 4, GC = 8, EXEC = 16, DOCTOR = 32 };

static const struct {
	const char *name;
	enum command command;
} commands[] = {
    {"up", UP},
    {"down", DOWN},
    {"list", LIST},
    {"gc", GC},
};

struct options {
	struct strv host, guest, publish, set;
	const char *owner, *group, *mtu, *mac, *bridge, *get;
	bool create_bridge, dhcp, nat, all, force, dry_run, quiet;
};

static struct usage *usage(struct options *o)
{
	static struct opt table[32];
	static struct usage u = {
	    .tool = "mirari-tap",
	    .purpose = "network devices for unikernels: taps, bridges, NAT, DHCP",
	    .synopsis = "up|down|list|gc [OPTION]... [NAME]...",
	    .examples = "  mirari-tap up tap0 --host 10.0.0.1/24    # a tap that you may open\n"
			"  mirari-parse | mirari-tap up             # all that a record has\n"
			"  mirari-tap list\n"
			"  mirari-tap down --all\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {0, "host", "ADDR/LEN", "the host's address (repeatable)", OPT_LIST, &o->host},
	    {0, "guest", "ADDR/LEN", "the guest's (default: the next one)", OPT_LIST, &o->guest},
	    {0, "owner", "USER", "who may open it (default: you)", OPT_VALUE, &o->owner},
	    {0, "group", "GROUP", "and is in this group", OPT_VALUE, &o->group},
	    {0, "mtu", "BYTES", "its MTU", OPT_VALUE, &o->mtu},
	    {0, "mac", "MAC", "the guest's MAC address", OPT_VALUE, &o->mac},
	    {0, "bridge", "NAME", "put it into this bridge", OPT_VALUE, &o->bridge},
	    {0, "create-bridge", NULL, "make the bridge if it isn't there", OPT_FLAG,
		&o->create_bridge},
	    {0, "dhcp", NULL, "answer the guest's DHCP", OPT_FLAG, &o->dhcp},
	    {0, "nat", NULL, "let the guest reach the outside", OPT_FLAG, &o->nat},
	    {'p', "publish", "HOST:GUEST", "lead a port to the guest (repeatable)", OPT_LIST,
		&o->publish},
	    {'a', "all", NULL, "down: every one of ours; list: also others'", OPT_FLAG, &o->all},
	    {'f', "force", NULL, "down: also those in use", OPT_FLAG, &o->force},
	    OPT_RECORD(&o->set, &o->get),
	    {'n', "dry-run", NULL, "change nothing, say what would be", OPT_FLAG, &o->dry_run},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int up(const struct options *o, const struct strv *names)
{
	struct rec record A_CLEANUP(rec_free) = {0}, result A_CLEANUP(rec_free) = {0};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct taps taps A_CLEANUP(taps_free) = {
	    .devices = &devices, .stay = true, .owner = getuid(), .group = NO_ID};
	struct fault fault;

	for (size_t i = 0; i < names->count; i++) {
		char key[64];
		snprintf(key, sizeof key, "net.%s.tap", names->items[i]);
		if (rec_add(&record, key, names->items[i], &fault) < 0)
			return say_fault(&fault);
		snprintf(key, sizeof key, "net.%s.host", names->items[i]);
		for (size_t k = 0; k < o->host.count; k++)
			if (rec_add(&record, key, o->host.items[k], &fault) < 0)
				return say_fault(&fault);
	}
	if ((!names->count && rec_read_stdin(&record, &fault) < 0) ||
	    rec_apply(&record, &o->set, &fault) < 0 || check_record(&record, &fault) < 0 ||
	    netdevs_read(&record, &devices, &fault) < 0 || taps_make(&taps, &fault) < 0)
		return say_fault(&fault);
	if (taps_keep(&taps, &fault) < 0) {
		taps_undo(&taps);
		return say_fault(&fault);
	}
	if (netdevs_write(&devices, &record, &result, &fault) < 0)
		return say_fault(&fault);
	return put_record(&result, o->get);
}

static int down(const struct options *o, const struct strv *names, bool litter)
{
	struct tapgone gone A_CLEANUP(tapgone_free) = {.all = o->all, .force = o->force, .litter = litter, .dry_run = o->dry_run};
	struct fault fault;

	strv_add_all(&gone.names, names);
	if (tapgone_remove(&gone, &fault) < 0)
		return say_fault(&fault);
	for (size_t i = 0; i < gone.removed.count; i++)
		say_note("removed %s", gone.removed.items[i]);
	return 0;
}

static int list(const struct options *o, const struct strv *names)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int got = taplist(names, o->all, isatty(1), &text, &fault);

	if (got < 0)
		return say_fault(&fault);
	put_bytes(&text);
	return names->count && got ? EXIT_NO : 0;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0}, names A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status >= 0)
		return status;
	for (size_t i = 1; i < operands.count; i++)
		strv_add(&names, operands.items[i]);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (operands.count && !strcmp(operands.items[0], commands[i].name))
			switch (commands[i].command) {
			case UP:
				return up(&o, &names);
			case DOWN:
				return down(&o, &names, false);
			case LIST:
				return list(&o, &names);
			case GC:
				return down(&o, &names, true);
			default:
				break;
			}
	return EX_USAGE;
}
