#include "render/solo5argv.h"

#include "tap.h"

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
	test_others();
	return tap_end();
}
