#include "model/keys.h"

#include "core/suggest.h"

#include <string.h>

#define TEXT \
	{ \
		.type = VALUE_TEXT \
	}
#define WORD(list) \
	{ \
		.type = VALUE_WORD, .words = (list) \
	}
#define INTEGER(low, high) \
	{ \
		.type = VALUE_INTEGER, .min = (low), .max = (high) \
	}
#define TYPE(name) \
	{ \
		.type = VALUE_##name \
	}
#define CONFIG "the configuration"

const struct key keys[] = {
    {"name", 0, TYPE(NAME), CONFIG, "the unikernel's name"},
    {"target", 0, WORD(TARGET_WORDS), CONFIG, "what it is built for"},
    {"deploy", 0, TYPE(DEPLOY), CONFIG, "where it runs: local, ec2 or ssh://[USER@]HOST[:PORT]"},
    {"config.file", KEY_RESULT, TYPE(PATH), "mirari-parse",
	"the configuration file, absolute; absent when it came from standard input"},
    {"config.dir", KEY_RESULT, TYPE(PATH), "mirari-parse",
	"the project's directory, absolute; relative paths start there"},
    {"config.option", KEY_LIST | KEY_RESULT, TEXT, "mirari-parse",
	"an option that the record was made with: target=TARGET or set=KEY=VALUE"},
    {"main.kind", 0, WORD("noip ip http"), CONFIG, "how the entry point is called"},
    {"main.entry", 0, TYPE(OCAML_VALUE), CONFIG, "the entry point, an OCaml value"},
    {"runtime", 0, WORD("lwt mirage-2013 mirage"), CONFIG, "what generated code links to"},
    {"depends", KEY_LIST, TYPE(FINDLIB), CONFIG, "findlib libraries"},
    {"libraries", KEY_LIST | KEY_RESULT, TYPE(FINDLIB), "mirari-gen",
	"the findlib libraries to link: those of depends, and what the generated main needs"},
    {"packages", KEY_LIST, TYPE(PACKAGE), CONFIG, "opam packages"},
    {"switch", 0, TYPE(SWITCH), CONFIG, "the opam switch to build in"},
    {"opam.create", KEY_LIST | KEY_OR_SCALAR, TYPE(COMPILER), CONFIG,
	"what the switch is made of when --create-switch makes it"},
    {"opam.repository", KEY_LIST | KEY_OR_SCALAR, TYPE(REPOSITORY), CONFIG,
	"a repository of such a switch, in front of the root's"},
    {"install", 0, TYPE(BOOLEAN), CONFIG, "whether missing opam packages are installed"},
    {"build.system", 0, WORD("ocamlbuild dune obuild mirage command"), CONFIG,
	"what builds it; mirari-gen fills it in"},
    {"build.command", KEY_LIST, TEXT, CONFIG,
	"the build's argv, one word a line; mirari-gen fills it in"},
    {"build.dir", 0, TYPE(BUILD_DIR), CONFIG,
	"where files are generated and built, instead of beside the sources"},
    {"build.status", KEY_RESULT, INTEGER(0, 255), "mirari-build",
	"with --all: the exit status of this target's build"},
    {"build.log", KEY_RESULT, TYPE(PATH), "mirari-build",
	"with --all: the file with what the build printed, absolute"},
    {"artifact", 0, TYPE(PATH), CONFIG, "the file that is built; mirari-gen fills it in"},
    {"generated", KEY_LIST | KEY_RESULT, TYPE(PATH), "mirari-gen", "a file that was generated"},
    {"ip.dhcp", 0, TYPE(BOOLEAN), CONFIG, "whether the unikernel asks DHCP for its address"},
    {"ip.address", 0, TYPE(IPV4), CONFIG, "the unikernel's address"},
    {"ip.netmask", 0, TYPE(NETMASK), CONFIG, "its netmask"},
    {"ip.gateway", 0, TYPE(IPV4), CONFIG, "its gateway"},
    {"http.port", 0, INTEGER(1, 65535), CONFIG, "the port that the HTTP server listens on"},
    {"http.address", 0, TYPE(LISTEN), CONFIG, "the address that it listens on; * is all"},
    {"fs.*", 0, TYPE(PATH), CONFIG, "a directory to embed as module Filesystem_NAME",
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"},
    {"net.*.host", KEY_LIST | KEY_OR_SCALAR, TYPE(CIDR), CONFIG, "the host's side's address"},
    {"net.*.guest", KEY_LIST | KEY_OR_SCALAR, TYPE(CIDR), CONFIG,
	"the guest's side's address; mirari-tap fills it in"},
    {"net.*.tap", 0, TYPE(TAP), CONFIG, "the tap's name; mirari-tap fills it in"},
    {"net.*.ifindex", KEY_RESULT, INTEGER(1, 2147483647), "mirari-tap", "the tap's number"},
    {"net.*.bridge", 0, TYPE(INTERFACE), CONFIG, "the bridge that its tap is put into"},
    {"net.*.bridge-create", 0, TYPE(BOOLEAN), CONFIG, "whether that bridge is made"},
    {"net.*.mac", 0, TYPE(MAC), CONFIG, "the guest's MAC address; mirari-tap fills it in"},
    {"net.*.mtu", 0, INTEGER(68, 65535), CONFIG, "the interface's MTU"},
    {"net.*.dhcp", 0, TYPE(BOOLEAN), CONFIG, "whether the host answers the guest's DHCP"},
    {"net.*.nat", 0, TYPE(BOOLEAN), CONFIG, "whether the guest reaches the outside by NAT"},
    {"net.*.publish", KEY_LIST, TYPE(PORTS), CONFIG, "a port of the host that leads to the guest"},
    {"net.*.owner", 0, TYPE(USER), CONFIG, "the user who may open the tap"},
    {"net.*.group", 0, TYPE(USER), CONFIG, "the group that may open the tap"},
    {"block.*.path", 0, TYPE(PATH), CONFIG, "the file or device behind a block device"},
    {"block.*.sector", 0, INTEGER(512, 4096), CONFIG, "its sector size in bytes"},
    {"block.*.size", 0, TYPE(SIZE), CONFIG, "its size, if it is to be created"},
    {"abi", KEY_RESULT, INTEGER(0, 4294967295), "mirari-solo5",
	"the version of the target's binary interface"},
    {"arch", KEY_RESULT, TYPE(NAME), "mirari-solo5", "the processor that it is for"},
    {"boot", KEY_LIST | KEY_RESULT, TYPE(NAME), "mirari-solo5",
	"a way to start it: solo5, xen-pvh, xen-pv, multiboot, multiboot2 or executable"},
    {"device.*.name", KEY_RESULT, TYPE(NAME), "mirari-solo5",
	"a device that the unikernel was built with"},
    {"device.*.type", KEY_RESULT, WORD("NET_BASIC BLOCK_BASIC"), "mirari-solo5", "its type"},
    {"memory", 0, INTEGER(1, 1048576), CONFIG, "memory in MiB"},
    {"cpus", 0, INTEGER(1, 1024), CONFIG, "virtual processors"},
    {"arg", KEY_LIST, TEXT, CONFIG, "an argument for the unikernel"},
    {"instance.name", KEY_RESULT, TYPE(NAME), "mirari-supervise", "what it is called"},
    {"instance.status", KEY_RESULT,
	WORD("starting running waiting stopping exited failed stopped lost"), "mirari-supervise",
	"how it is doing"},
    {"instance.pid", KEY_RESULT, INTEGER(1, 2147483647), "mirari-supervise",
	"the process that runs; absent while there is none"},
    {"instance.process", KEY_RESULT, TEXT, "mirari-supervise",
	"the same and when it was started, in clock ticks since boot: PID.TICKS"},
    {"instance.supervisor", KEY_RESULT, TEXT, "mirari-supervise",
	"the process that looks after it, in the same way"},
    {"instance.boot", KEY_RESULT, TEXT, "mirari-supervise",
	"the boot of the machine that these belong to"},
    {"instance.started", KEY_RESULT, TEXT, "mirari-supervise", "when the process was started, UTC"},
    {"instance.ended", KEY_RESULT, TEXT, "mirari-supervise", "when it ended, UTC"},
    {"instance.next", KEY_RESULT, TEXT, "mirari-supervise",
	"when it is started again, UTC; only while it waits for that"},
    {"instance.exit", KEY_RESULT, INTEGER(0, 255), "mirari-supervise",
	"the exit status that it ended with last"},
    {"instance.restarts", KEY_RESULT, INTEGER(0, 4294967295), "mirari-supervise",
	"how often it was started again"},
    {"instance.restart", KEY_RESULT, TEXT, "mirari-run", "when it is started again"},
    {"instance.log", KEY_RESULT, TYPE(PATH), "mirari-supervise", "its log, absolute"},
    {"instance.dir", KEY_RESULT, TYPE(PATH), "mirari-run", "where it was started, absolute"},
    {"instance.cgroup", KEY_RESULT, TYPE(PATH), "mirari-supervise",
	"its control group, when it has one"},
    {"instance.command", KEY_LIST | KEY_RESULT, TEXT, "mirari-run",
	"the command that starts it, one word a line"},
    {"instance.uptime", KEY_RESULT, INTEGER(0, INT64_MAX), "mirari-ps",
	"for how long the process has run, in seconds"},
    {"instance.cpu", KEY_RESULT, INTEGER(0, INT64_MAX), "mirari-ps",
	"processor time of it and what it has started, in milliseconds"},
    {"instance.memory", KEY_RESULT, INTEGER(0, INT64_MAX), "mirari-ps",
	"resident memory of the same, in bytes"},
    {"instance.cleanup", KEY_LIST | KEY_RESULT, TEXT, "mirari-run",
	"the command that ends what its program leaves when it is killed, one word a line"},
    {"xl.*", 0, TEXT, CONFIG, "a line of the xl file, verbatim"},
    {"xen.via", 0, WORD("xl libvirt"), CONFIG, "what starts a Xen domain"},
    {"xen.domid", KEY_RESULT, INTEGER(0, 65535), "mirari-xl", "the domain's number"},
    {"xen.uuid", KEY_RESULT, TEXT, "mirari-xl", "the domain's UUID"},
    {"xen.state", KEY_RESULT, TEXT, "mirari-xl",
	"what it does: running, blocked, paused, shutdown, crashed or dying"},
    {"libvirt.uri", 0, TEXT, CONFIG, "the libvirt connection"},
    {"ssh.config", 0, TYPE(PATH), CONFIG, "a configuration file for ssh, instead of its own"},
    {"ec2.region", 0, TYPE(NAME), CONFIG, "the AWS region"},
    {"ec2.type", 0, TYPE(NAME), CONFIG, "the instance type"},
    {"ec2.subnet", 0, TYPE(NAME), CONFIG, "the subnet"},
    {"ec2.security-groups", KEY_LIST, TYPE(NAME), CONFIG, "the security groups"},
    {0},
};

const char *const targets[] = {"unix-socket", "unix-direct", "hvt", "spt", "virtio", "xen", NULL};

int target_find(const char *name)
{
	for (int i = 0; targets[i]; i++)
		if (!strcmp(targets[i], name))
			return i;
	return -1;
}

bool target_is_solo5(const char *name)
{
	return !strcmp(name, "hvt") || !strcmp(name, "spt") || !strcmp(name, "virtio");
}

/* How much of `name` the pattern covers segment by segment: 2 all of both, 1 all of `name` with
 * more of the pattern left, 0 it doesn't. */
static int covers(const char *pattern, const char *name)
{
	while (*pattern && *name) {
		if (*pattern == '*') {
			pattern++;
			name += strcspn(name, ".");
		} else if (*pattern++ != *name++) {
			return 0;
		}
	}
	if (*name)
		return 0;
	return *pattern ? *pattern == '.' : 2;
}

enum key_kind key_look_up(const char *path, const struct key **entry)
{
	for (*entry = keys; (*entry)->pattern; ++*entry) {
		int covered = (*entry)->pattern[0] == path[0] ? covers((*entry)->pattern, path) : 0;

		if (covered)
			return covered == 2 ? KEY_VALUE : KEY_SECTION;
	}
	return KEY_UNKNOWN;
}

const struct key *key_find(const char *name)
{
	const struct key *entry;

	return key_look_up(name, &entry) == KEY_VALUE ? entry : NULL;
}

bool key_is_named(const struct key *entry, const char *path)
{
	const char *pattern = entry->pattern;

	while ((path = strchr(path, '.'))) {
		path++;
		pattern += strcspn(pattern, ".");
		pattern += *pattern == '.';
	}
	return *pattern == '*';
}

bool key_star_allowed(const struct key *key, const char *name)
{
	size_t before = strcspn(key->pattern, "*");

	return !key->star || name[before + strspn(name + before, key->star)] == '\0';
}

size_t key_rank(const char *name)
{
	size_t length = strcspn(name, ".");

	for (size_t i = 0; keys[i].pattern; i++)
		if (!strncmp(keys[i].pattern, name, length) && strchr(".", keys[i].pattern[length]))
			return i;
	return KEY_RANKS - 1;
}

_Static_assert(COUNT_OF(keys) < KEY_RANKS, "KEY_RANKS is too small");

enum section_kind key_section_kind(size_t rank)
{
	const char *pattern = rank < COUNT_OF(keys) ? keys[rank].pattern : NULL;
	const char *dot = pattern ? strchr(pattern, '.') : NULL;

	if (!dot || dot[1] != '*')
		return SECTION_KEYS;
	return dot[2] ? SECTION_DEVICES : SECTION_NAMES;
}

/* The part of the pattern behind a prefix that it covers. */
static const char *behind(const char *pattern, const char *prefix)
{
	for (; *prefix; prefix += strcspn(prefix, "."), prefix += *prefix == '.') {
		pattern += strcspn(pattern, ".");
		pattern += *pattern == '.';
	}
	return pattern;
}

const char *key_suggest(const char *prefix, const char *segment)
{
	static char candidates[COUNT_OF(keys)][24];
	struct suggest suggest;

	suggest_start(&suggest, segment);
	for (size_t i = 0; keys[i].pattern; i++) {
		const char *rest;
		size_t length;

		if ((keys[i].flags & KEY_RESULT) ||
		    (*prefix && covers(keys[i].pattern, prefix) != 1))
			continue;
		rest = behind(keys[i].pattern, prefix);
		length = strcspn(rest, ".");
		if (*rest == '*' || length >= sizeof candidates[i])
			continue;
		memcpy(candidates[i], rest, length);
		candidates[i][length] = '\0';
		suggest_offer(&suggest, candidates[i]);
	}
	return suggest.best;
}
