#include "render/solo5argv.h"

#include "tap.h"

static struct fault fault;

static const struct solo5_device devices[] = {
    {DEVICE_NET_BASIC, "service", "tap0", "02:00:00:00:00:01", 9000, NULL, 0},
    {DEVICE_BLOCK_BASIC, "data", NULL, NULL, 0, "a:b,c.img", 4096},
    {DEVICE_NET_BASIC, "second", "tap1", NULL, 1500, NULL, 0},
    {DEVICE_BLOCK_BASIC, "more", NULL, NULL, 0, "/x/y", 0},
};

static void command_is(
    const char *target, const char *log, bool kvm, size_t count, const char *expected)
{
	struct strv arguments A_CLEANUP(strv_free) = {0}, argv A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	struct solo5_command c = {.target = target,
	    .tender = "/t/ender",
	    .kernel = "-k",
	    .log = log,
	    .kvm = kvm,
	    .memory = 32,
	    .devices = devices,
	    .device_count = count,
	    .arguments = &arguments};

	if (count)
		strv_list(&arguments, "a\\ b", "c,d");
	solo5_argv(&c, &argv);
	for (size_t i = 0; i < argv.count; i++)
		buf_printf(&text, "%s%s", i ? "|" : "", argv.items[i]);
	is_str(buf_str(&text), expected, "the command for %s", target);
}

#define QEMU(accel, cpu, log) \
	"/t/ender|-no-user-config|-nodefaults|-no-reboot|-machine|pc|-accel|" accel "|-cpu|" cpu \
	"|-m|32|-display|none|-monitor|none|-chardev|stdio,id=console" log \
	"|-serial|chardev:console|-device|isa-debug-exit"

static void test_commands(void)
{
	command_is("hvt", NULL, false, 0, "/t/ender|--mem=32|--|-k");
	command_is("spt", NULL, false, 4,
	    "/t/ender|--mem=32|--net:service=tap0|--net-mac:service=02:00:00:00:00:01|"
	    "--block:data=a:b,c.img|--block-sector-size:data=4096|--net:second=tap1|"
	    "--block:more=/x/y|--|-k|a\\ b|c,d");
	command_is("virtio", NULL, true, 0, QEMU("kvm", "host", "") "|-kernel|-k");
	command_is("virtio", "/l", false, 4,
	    QEMU("tcg", "max",
		",logfile=/l") "|-netdev|tap,id=net0,ifname=tap0,script=no,downscript=no"
			       "|-device|virtio-net-pci,netdev=net0,bus=pci.0,addr=0x2,romfile=,"
			       "mac=02:00:00:00:00:01,"
			       "host_mtu=9000"
			       "|-drive|id=block1,if=none,format=raw,file=./a:b,,c.img"
			       "|-device|virtio-blk-pci,drive=block1,bus=pci.0,addr=0x3"
			       "|-netdev|tap,id=net2,ifname=tap1,script=no,downscript=no"
			       "|-device|virtio-net-pci,netdev=net2,bus=pci.0,addr=0x4,romfile="
			       "|-drive|id=block3,if=none,format=raw,file=/x/y"
			       "|-device|virtio-blk-pci,drive=block3,bus=pci.0,addr=0x5"
			       "|-kernel|-k|-append|a\\ b c,d");
}

/* As MirageOS splits it: mirage-bootvar 1 at blanks, with \ and "; parse-argv before 0.3 at all
 * white space, with ' too. Words are put into *into; empty ones are dropped. */
static bool split(const char *line, bool old, struct strv *into)
{
	struct buf word A_CLEANUP(buf_free) = {0};
	char quote = 0;

	for (;; line++) {
		bool blank = *line == ' ' || (old && *line && strchr("\t\n\v\f\r", *line));

		if (!*line || (blank && !quote)) {
			if (word.length)
				strv_add(into, buf_str(&word));
			buf_clear(&word);
			if (!*line)
				return !quote;
		} else if (*line == '\\' && quote != '\'') {
			if (!*++line)
				return false;
			buf_addc(&word, *line);
		} else if (quote ? *line == quote : *line == '"' || (old && *line == '\'')) {
			quote = quote ? 0 : *line;
		} else {
			buf_addc(&word, *line);
		}
	}
}

static void comes_back(const struct strv *arguments, const char *what)
{
	struct strv escaped A_CLEANUP(strv_free) = {0};
	struct buf line A_CLEANUP(buf_free) = {0};

	if (!ok(solo5_escape(arguments, &escaped, &fault) == 0, "%s can be told", what))
		return;
	is_int((long long)escaped.count, (long long)arguments->count, "by as many words");
	for (size_t i = 0; i < escaped.count; i++)
		buf_printf(&line, "%s%s", i ? " " : "", escaped.items[i]);
	for (int old = 0; old < 2; old++) {
		struct strv got A_CLEANUP(strv_free) = {0};
		bool same = split(buf_str(&line), old, &got) && got.count == arguments->count;

		for (size_t i = 0; same && i < got.count; i++)
			same = !strcmp(got.items[i], arguments->items[i]);
		ok(same, "%s is split again%s", what, old ? ", by old releases" : "");
	}
}

static void test_arguments(void)
{
	struct strv plain A_CLEANUP(strv_free) = {0}, odd A_CLEANUP(strv_free) = {0};
	struct strv bytes A_CLEANUP(strv_free) = {0}, all A_CLEANUP(strv_free) = {0};

	comes_back(&all, "nothing");
	strv_list(&plain, "--hello=world", "-x", "a=b", "10.0.0.1/24");
	comes_back(&plain, "what needs no escape");
	strv_list(&odd, " ", "\\", "\"", "'", "a b", "\t", "\\\\", "\"a b\"", "'a b'", "a\nb",
	    "\\n", "a\\", " a", "a ", "$x `y` *", "\n", "--k=v w", "\\\"'");
	comes_back(&odd, "blanks, quotes and backslashes");
	for (int a = 1; a < 256; a++) {
		char text[] = {(char)a, '\0'}, twice[] = {'x', (char)a, (char)a, '\0'};

		strv_list(&bytes, text, twice);
	}
	comes_back(&bytes, "every byte");
}

static void test_limits(void)
{
	struct strv arguments A_CLEANUP(strv_free) = {0}, escaped A_CLEANUP(strv_free) = {0};
	static char longest[SOLO5_LINE_MAX + 1];

	memset(longest, 'a', SOLO5_LINE_MAX - 2);
	strv_list(&arguments, longest, "b");
	ok(solo5_escape(&arguments, &escaped, &fault) == 0, "8191 bytes");
	strv_free(&arguments);
	strv_list(&arguments, longest, "b", "c");
	ok(solo5_escape(&arguments, &escaped, &fault) == -1, "8193");
	is_str(fault.text, "the arguments are 8193 bytes, escaped; a unikernel can be told 8191",
	    "are too many");
	longest[0] = ' ';
	strv_free(&arguments);
	strv_list(&arguments, longest, "b");
	ok(solo5_escape(&arguments, &escaped, &fault) == -1, "escapes count");
	strv_free(&arguments);
	strv_list(&arguments, "a", "");
	ok(solo5_escape(&arguments, &escaped, &fault) == -1 && fault.status == EX_DATAERR,
	    "an empty one");
	is_str(fault.text, "argument 2 is empty, which a unikernel can't be told", "is refused");
}

static void test_others(void)
{
	is_int(solo5_memory("hvt", 1), 2, "hvt's memory is even");
	is_int(solo5_memory("hvt", 32), 32, "and stays, if it is");
	is_int(solo5_memory("spt", 33), 33, "spt's needn't be");
	is_int(solo5_memory("virtio", 33), 33, "nor QEMU's");
	ok(solo5_has_blank("a b") && solo5_has_blank("a\tb") && solo5_has_blank("\n") &&
		solo5_has_blank("a\r"),
	    "blanks in paths");
	ok(!solo5_has_blank("") && !solo5_has_blank("/a,b\\c"), "and none");
}

int main(void)
{
	test_commands();
	test_arguments();
	test_limits();
	test_others();
	return tap_end();
}
