#include "render/domxml.h"

#include "render/xlfile.h"
#include "tap.h"

static struct fault fault;

static const struct image pvh = {
    .boot = BOOT_XEN_PVH | BOOT_MULTIBOOT, .arch = "x86_64", .target = "xen"};
static const struct image pv = {.boot = BOOT_XEN_PV, .arch = "x86_64", .target = "xen"};
static const struct image virtio = {.boot = BOOT_SOLO5 | BOOT_MULTIBOOT,
    .arch = "x86_64",
    .target = "virtio",
    .solo5 = "virtio",
    .device_count = 2,
    .devices = {{"data", DEVICE_BLOCK_BASIC}, {"service", DEVICE_NET_BASIC}}};

struct made {
	struct rec record;
	struct domain domain;
	struct buf text;
	struct strv warnings;
};

static void made_free(struct made *m)
{
	strv_free(&m->warnings);
	buf_free(&m->text);
	domain_free(&m->domain);
	rec_free(&m->record);
}

static int make_of(struct made *m, const struct image *image, enum domxml_driver driver,
    const char *kernel, const char *const *fields)
{
	struct domxml x = {.domain = &m->domain, .driver = driver, .log = "/log"};
	struct strv all A_CLEANUP(strv_free) = {0};

	strv_add_words(&all, fields);
	if (rec_apply(&m->record, &all, &fault) < 0 ||
	    domain_make(&m->domain, &m->record, image, kernel, "/here", &fault) < 0 ||
	    domain_arguments(&m->domain, NULL, &fault) < 0)
		return -2;
	return domxml(&x, &m->text, &m->warnings, &fault);
}

#define make(m, image, driver, ...) \
	make_of((m), (image), (driver), "www.xen", \
	    (const char *const[]){"name=www", __VA_ARGS__, NULL})

static void has(const struct made *m, const char *want)
{
	if (!ok(strstr(buf_str(&m->text), want), "%.*s", (int)strcspn(want, "\n"), want)) {
		tap_show("want", want);
		tap_show("got ", buf_str(&m->text));
	}
}

static void test_text(void)
{
	static const char *const bad[] = {
	    "\x01", "a\x1f", "\xff", "\xc3", "\xed\xa0\x80", "\xef\xbf\xbe", "\xef\xbf\xbf"};
	struct buf text A_CLEANUP(buf_free) = {0};

	is_int(xml_text(&text, "a<b>&\"c'd\t\n\r\xc3\xa9\xf0\x9f\x98\x80"), 0, "text");
	is_str(buf_str(&text),
	    "a&lt;b&gt;&amp;&quot;c&apos;d&#9;&#10;&#13;\xc3\xa9\xf0\x9f\x98\x80", "escaped");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		is_int(xml_text(&text, bad[i]), -1, "what XML can't carry: number %zu", i);
}

static void test_xen(void)
{
	struct made m A_CLEANUP(made_free) = {0}, old A_CLEANUP(made_free) = {0};

	is_int(make(&m, &pvh, DOMXML_XEN, "net.a.bridge=xenbr0", "net.a.mac=02:00:00:00:00:0a",
		   "net.b.mac=02:00:00:00:00:0b", "block.d.path=/a&b"),
	    0, "for Xen");
	has(&m, "<domain type='xen'>\n  <name>www</name>\n  <uuid>4d697261-7269-8");
	has(&m, "<mirari:unikernel xmlns:mirari='" DOMXML_NAMESPACE "'/>");
	has(&m, "<type arch='x86_64' machine='xenpvh'>xenpvh</type>\n    "
		"<kernel>/here/www.xen</kernel>");
	has(&m, "<mac address='02:00:00:00:00:0a'/>\n      <source bridge='xenbr0'/>");
	has(&m, "<interface type='ethernet'>\n      <mac address='02:00:00:00:00:0b'/>\n    </");
	has(&m, "<source file='/a&amp;b'/>\n      <target dev='xvda' bus='xen'/>");
	has(&m, "<console type='pty'>\n      <target type='xen' port='0'/>");
	is_int((long long)m.warnings.count, 1, "one warning");
	is_str(m.warnings.items[0],
	    "log /log: on Xen it is xenconsoled that keeps one (its option --log=guest)",
	    "of the log");
	is_int(make(&old, &pv, DOMXML_TEST, "arg=<a b>"), 0, "a PV kernel, for the test driver");
	has(&old, "<domain type='test'>");
	has(&old, "<type arch='x86_64' machine='xenpv'>linux</type>");
	has(&old, "<cmdline>&lt;a\\ b&gt;</cmdline>");
}

static void test_given(void)
{
	struct made m A_CLEANUP(made_free) = {0};

	is_int(make(&m, &pvh, DOMXML_TEST, "xl.memory=64", "xl.maxmem='128'", "xl.vcpus=2",
		   "xl.maxvcpus=4", "xl.cpus='0-3,^1'", "xl.on_crash=coredump-restart",
		   "xl.on_reboot='restart'", "xl.on_poweroff='soft-reset'", "xl.ramdisk='/r'",
		   "xl.root='/dev/xvda'", "xl.extra='quiet'", "xl.memroy=3", "xl.pool='x'",
		   "xl.vif=[ 'mac=00:16:3E:74:34:32, bridge=br1,rate=1', '' ]", "net.a.bridge=br0"),
	    0, "xl.KEY");
	has(&m, "<memory unit='MiB'>128</memory>\n  <currentMemory unit='MiB'>64</currentMemory>\n"
		"  <vcpu cpuset='0-3,^1' current='2'>4</vcpu>");
	has(&m, "<initrd>/r</initrd>\n    <cmdline>root=/dev/xvda quiet</cmdline>");
	has(&m, "<on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n"
		"  <on_crash>coredump-restart</on_crash>");
	has(&m, "<interface type='bridge'>\n      <mac address='00:16:3E:74:34:32'/>\n"
		"      <source bridge='br1'/>\n    </interface>\n"
		"    <interface type='ethernet'>\n    </interface>\n");
	ok(!strstr(buf_str(&m.text), "br0"), "xl.vif is instead of ours");
	is_int((long long)m.warnings.count, 5, "warnings");
	is_str(m.warnings.items[0],
	    "xl.on_poweroff: soft-reset: has no counterpart for libvirt; it is destroy", "an end");
	is_str(m.warnings.items[1], "xl.vif: rate=1: has no counterpart for libvirt", "a vif's");
	is_str(m.warnings.items[3], "xl.memroy: xl doesn't know that key; did you mean memory?",
	    "an unknown key");
	is_str(m.warnings.items[4], "xl.pool: libvirt isn't told of it", "a known one");
}

static void test_qemu(void)
{
	struct made m A_CLEANUP(made_free) = {0}, pvh_too A_CLEANUP(made_free) = {0};

	is_int(make(&m, &virtio, DOMXML_QEMU, "net.service.tap=tap0",
		   "net.service.mac=02:00:00:00:00:0a", "net.service.mtu=1400",
		   "block.data.path=/d", "xl.pool='x'"),
	    0, "for QEMU");
	has(&m, "<domain type='qemu'>");
	has(&m, "<type arch='x86_64' machine='pc'>hvm</type>");
	has(&m, "<features>\n    <acpi/>\n  </features>");
	/* in the order of the manifest, by which Solo5 knows them */
	has(&m, "<target dev='vda' bus='virtio'/>\n      <address type='pci' domain='0x0000' "
		"bus='0x00' slot='0x03'");
	has(&m, "<target dev='tap0' managed='no'/>\n      <model type='virtio'/>\n"
		"      <mtu size='1400'/>\n      <address type='pci' domain='0x0000' bus='0x00' "
		"slot='0x04'");
	has(&m, "<serial type='pty'>\n      <log file='/log' append='off'/>");
	has(&m, "<memballoon model='none'/>");
	is_int((long long)m.warnings.count, 0, "no warnings");
	is_int(make(&pvh_too, &pvh, DOMXML_KVM, "memory=64"), 0, "a PVH kernel");
	has(&pvh_too, "<domain type='kvm'>");
}

static void test_refused(void)
{
	struct made a A_CLEANUP(made_free) = {0}, b A_CLEANUP(made_free) = {0};
	struct made c A_CLEANUP(made_free) = {0}, d A_CLEANUP(made_free) = {0};
	static const char *const plain[] = {
	    "name=www", "net.service.tap=t0", "block.data.path=/d", NULL};

	is_int(make(&a, &pv, DOMXML_QEMU, "memory=64"), -1, "PV on QEMU");
	is_str(fault.text, "/here/www.xen is a PV kernel, which only Xen starts", "why");
	is_int(make_of(&b, &virtio, DOMXML_XEN, "/www.virtio", plain), -1, "virtio on Xen");
	is_str(fault.text, "/www.virtio was built for virtio, not for xen", "why");
	is_int(make_of(&c, &virtio, DOMXML_QEMU, "/a b", plain), -1, "a blank");
	is_str(fault.text,
	    "/a b: a Solo5 unikernel on virtio can't be started from a path with a blank", "why");
	is_int(make(&d, &pvh, DOMXML_XEN, "block.d.path=/\xff"), -1, "what XML can't carry");
	is_str(fault.text, "a disk's path: /\xff: libvirt takes UTF-8 without control characters",
	    "why");
}

static void test_too_many(void)
{
	struct made m A_CLEANUP(made_free) = {0};

	for (int i = 0; i < 30; i++) {
		char field[32];

		snprintf(field, sizeof field, "block.d%d.path", i);
		if (rec_add(&m.record, field, "/x", &fault))
			ok(false, "a record");
	}
	is_int(make(&m, &pvh, DOMXML_QEMU, "memory=64"), -1, "30 devices");
	is_str(fault.text, "d29: QEMU's machine has room for 29 devices", "why");
}

int main(void)
{
	test_text();
	test_xen();
	test_given();
	test_qemu();
	test_refused();
	test_too_many();
	return tap_end();
}
