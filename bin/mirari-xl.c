/* mirari-xl: unikernels on Xen, by xl or libvirt. */
#include "core/fd.h"
#include "core/main.h"
#include "host/xlconfig.h"
#include "render/xlfile.h"

#include <string.h>

enum { CONFIG = 1, DOMXML = 2, MAKES = CONFIG | DOMXML };

struct options {
	struct strv set;
	bool record, quiet;

	/* what is made of a unikernel */
	struct strv nets, macs, blocks; /* DEV=… */
	struct strv arguments;
	const char *memory, *output, *driver, *log, *emulator;

	unsigned command;  /* CONFIG … */
	struct strv words; /* what follows it */
};

static const struct opt_command commands[] = {
    {"config", CONFIG, false}, {"domxml", DOMXML, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[24];
	static struct usage u = {
	    .tool = "mirari-xl",
	    .purpose = "unikernels on Xen",
	    .synopsis = "config|domxml [OPTION]... [FILE] [-- ARG...]",
	    .examples = "  mirari-xl config www.xen                # what xl create takes\n"
			"  mirari-parse | mirari-xl config         # of what the project builds\n"
			"  mirari-xl config www.xen --net service=xenbr0 -o www.xl -- --port=80\n"
			"  mirari-xl domxml www.xen                # what virsh create takes\n"
			"  mirari-xl domxml --for qemu www.virtio\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {'r', "record", NULL, "read a record, also when there is a FILE", OPT_FLAG, &o->record,
		0},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set, 0},
	    {0, "net", "DEV=BRIDGE", "the bridge of a network device (repeatable)", OPT_LIST,
		&o->nets, MAKES},
	    {0, "mac", "DEV=MAC", "its MAC address (repeatable)", OPT_LIST, &o->macs, MAKES},
	    {0, "block", "DEV=PATH", "the file of a block device (repeatable)", OPT_LIST,
		&o->blocks, MAKES},
	    {'m', "memory", "MIB", "its memory (default 32)", OPT_VALUE, &o->memory, MAKES},
	    {'o', "output", "FILE", "config, domxml: write it to FILE", OPT_VALUE, &o->output,
		CONFIG | DOMXML},
	    {0, "for", "WORD", "domxml: xen, qemu, kvm or test (default xen)", OPT_VALUE,
		&o->driver, DOMXML},
	    {0, "log", "FILE", "domxml: where its output is kept, too", OPT_VALUE, &o->log, DOMXML},
	    {0, "emulator", "PATH", "domxml: which QEMU", OPT_VALUE, &o->emulator, DOMXML},
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
	return o->command == DOMXML ? "mirari-xl domxml" : "mirari-xl config";
}

static int one_file(const struct options *o, struct fault *fault)
{
	if (o->words.count <= 1)
		return 0;
	fault_set(fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
	return fault_hint(
	    fault, "%s %s -- %s ...", command_name(o), o->words.items[0], o->words.items[1]);
}

static struct xlconfig asked(const struct options *o)
{
	return (struct xlconfig){.asked = {.tool = command_name(o),
				     .file = o->words.count ? o->words.items[0] : NULL,
				     .record = o->record,
				     .set = &o->set},
	    .bridges = &o->nets,
	    .macs = &o->macs,
	    .blocks = &o->blocks,
	    .memory = o->memory,
	    .more = &o->arguments,
	    .subject = {.fd = -1}};
}

static void say_warnings(const struct options *o, const struct strv *warnings)
{
	for (size_t i = 0; i < warnings->count && !o->quiet; i++)
		say_note("%s", warnings->items[i]);
}

/* The domain as xl's or libvirt's text. */
static int make(const struct options *o, struct fault *fault)
{
	struct xlconfig x A_CLEANUP(xlconfig_free) = asked(o);
	struct domxml xml = {.domain = &x.domain, .log = o->log, .emulator = o->emulator};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (xlconfig_driver(o->driver ? o->driver : "xen", &xml.driver, fault) < 0 ||
	    one_file(o, fault) < 0 || xlconfig_find(&x, fault) < 0 ||
	    (o->command == CONFIG ? xlfile(&x.domain, &text, &x.warnings, fault)
				  : domxml(&xml, &text, &x.warnings, fault)) < 0)
		return -1;
	say_warnings(o, &x.warnings);
	if (o->output)
		return xlconfig_write(&text, o->output, fault);
	put_bytes(&text);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct options o = {0};
	struct fault fault = {0};
	int status = tool_options(usage(&o), argc, argv, &o.words);

	if (status < 0) {
		status = make(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	strv_free(&o.nets);
	strv_free(&o.macs);
	strv_free(&o.blocks);
	strv_free(&o.arguments);
	strv_free(&o.set);
	strv_free(&o.words);
	return status;
}
