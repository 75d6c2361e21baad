/* xl files, as Xen's own reader has them: libxlutil. */
#include "render/xlfile.h"

#include "model/image.h"
#include "render/xlkeys.h"
#include "tap.h"
#include "xlu.h"

static struct fault fault;

static const struct image pvh = {.boot = BOOT_XEN_PVH, .arch = "x86_64", .target = "xen"};
static const struct image pv = {.boot = BOOT_XEN_PV, .arch = "x86_64", .target = "xen"};

/* A domain of this record ("KEY=VALUE", …), and its file. */
struct made {
	struct rec record;
	struct domain domain;
	struct buf text;
	struct strv warnings;
	struct xlu xl;
};

static void made_free(struct made *m)
{
	xlu_free(&m->xl);
	strv_free(&m->warnings);
	buf_free(&m->text);
	domain_free(&m->domain);
	rec_free(&m->record);
}

static int make(struct made *m, const struct image *image, const char *kernel,
    const struct strv *more, const char *const *fields)
{
	struct strv all A_CLEANUP(strv_free) = {0};

	strv_add_words(&all, fields);
	if (rec_apply(&m->record, &all, &fault) < 0 ||
	    domain_make(&m->domain, &m->record, image, kernel, "/here", &fault) < 0 ||
	    domain_arguments(&m->domain, more, &fault) < 0 ||
	    xlfile(&m->domain, &m->text, &m->warnings, &fault) < 0)
		return -1;
	return xlu_read(&m->xl, &m->text) && !m->xl.length ? 0 : -2;
}

#define made(m, image, ...) \
	make((m), (image), "www.xen", NULL, (const char *const[]){__VA_ARGS__, NULL})

static long number(const struct made *m, const char *key)
{
	long value = -1;

	return m->xl.config && xlu_cfg_get_long(m->xl.config, key, &value, 1) == 0 ? value : -1;
}

static void test_plain(void)
{
	struct made m A_CLEANUP(made_free) = {0}, again A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www"), 0, "a plain one");
	is_str(xlu_text(&m.xl, "name"), "www", "name");
	is_str(xlu_text(&m.xl, "type"), "pvh", "type");
	is_str(xlu_text(&m.xl, "kernel"), "/here/www.xen", "kernel");
	is_int(number(&m, "memory"), 32, "memory");
	is_int(number(&m, "vcpus"), 1, "vcpus");
	is_str(xlu_text(&m.xl, "uuid"), m.domain.uuid, "uuid");
	for (const char *const *end =
		 (const char *const[]){"poweroff", "reboot", "crash", "watchdog", NULL};
	     *end; end++) {
		char key[20];

		snprintf(key, sizeof key, "on_%s", *end);
		is_str(xlu_text(&m.xl, key), "destroy", "%s", key);
	}
	ok(!xlu_text(&m.xl, "cmdline") && !xlu_item(&m.xl, "vif", 0) && !xlu_item(&m.xl, "disk", 0),
	    "nothing else");
	is_int((long long)m.warnings.count, 0, "no warnings");
	is_int(made(&again, &pvh, "name=www"), 0, "once more");
	is_str(buf_str(&m.text), buf_str(&again.text), "the same bytes");
}

static void test_pv(void)
{
	struct made m A_CLEANUP(made_free) = {0}, long_one A_CLEANUP(made_free) = {0};
	struct made fits A_CLEANUP(made_free) = {0};
	char word[1030] = "arg=";

	is_int(made(&m, &pv, "name=www", "memory=64", "cpus=2"), 0, "a PV kernel");
	is_str(xlu_text(&m.xl, "type"), "pv", "type");
	is_int(number(&m, "memory"), 64, "memory");
	is_int(number(&m, "vcpus"), 2, "cpus");
	memset(word + 4, 'a', 1023);
	is_int(made(&fits, &pv, "name=www", word), 0, "as much as it can be told");
	word[4 + 1023] = 'a';
	is_int(made(&long_one, &pv, "name=www", word), -1, "more is refused");
	is_str(fault.text, "the arguments are 1024 bytes, escaped; a PV kernel can be told 1023",
	    "why");
}

static void test_devices(void)
{
	struct made m A_CLEANUP(made_free) = {0};
	struct made comma A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www", "net.a.bridge=xenbr0", "net.a.mac=02:00:00:00:00:0a",
		   "net.b.mtu=1400", "net.b.mac=02:00:00:00:00:0b", "block.data.path=data.img",
		   "block.xvda.path=/x", "block.more.path=/dev/vg/more", "block.more.sector=4096"),
	    0, "devices");
	is_str(m.warnings.items[0], "block.more.sector: 4096: it is 512 by xl",
	    "a sector that it won't have");
	is_str(
	    xlu_item(&m.xl, "vif", 0), "mac=02:00:00:00:00:0a,bridge=xenbr0", "one with a bridge");
	is_str(xlu_item(&m.xl, "vif", 1), "mac=02:00:00:00:00:0b,mtu=1400", "one without");
	ok(!xlu_item(&m.xl, "vif", 2), "no more");
	is_str(xlu_item(&m.xl, "disk", 0), "format=raw,vdev=xvdb,access=rw,target=/here/data.img",
	    "a disk, around what one is called");
	is_str(xlu_item(&m.xl, "disk", 1), "format=raw,vdev=xvda,access=rw,target=/x",
	    "one that says where");
	is_str(xlu_item(&m.xl, "disk", 2), "format=raw,vdev=xvdc,access=rw,target=/dev/vg/more",
	    "the next");
	is_int(made(&comma, &pvh, "name=www", "net.a.bridge=br,0"), -1, "a comma in a bridge");
	is_str(
	    fault.text, "net.a.bridge: br,0: xl takes no bridge with a comma in its name", "why");
}

/* ---- xl.KEY -----------------------------------------------------------------------------------
 */

static void test_given(void)
{
	struct made m A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www", "memory=64", "cpus=2", "net.a.bridge=br0",
		   "block.b.path=/b", "xl.memory=0x80", "xl.vcpus='3'", "xl.on_crash=\"preserve\"",
		   "xl.on_reboot=rename-restart", "xl.vif=[ 'mac=00:16:3E:74:34:32' ]",
		   "xl.disk=[]", "xl.pool=\"it's\""),
	    0, "what is given");
	is_int(number(&m, "memory"), 128, "xl.memory");
	is_int(m.domain.memory, 128, "is the domain's");
	is_int(number(&m, "vcpus"), 3, "xl.vcpus");
	is_int(m.domain.cpus, 3, "is the domain's");
	is_str(xlu_text(&m.xl, "on_crash"), "preserve", "a text");
	is_str(xlu_text(&m.xl, "on_reboot"), "rename-restart", "a text without quotes");
	is_str(xlu_item(&m.xl, "vif", 0), "mac=00:16:3E:74:34:32", "a list");
	ok(!xlu_item(&m.xl, "disk", 0), "an empty one");
	is_str(xlu_text(&m.xl, "pool"), "it's", "one that isn't ours");
	ok(strstr(buf_str(&m.text), "\nmemory=0x80\n") != NULL, "verbatim");
	ok(strstr(buf_str(&m.text), "memory=64") == NULL && strstr(buf_str(&m.text), "br0") == NULL,
	    "ours are left out");
	is_int((long long)m.warnings.count, 0, "no warnings");
}

static void test_identity(void)
{
	struct made m A_CLEANUP(made_free) = {0}, moved A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www", "xl.name='shop'",
		   "xl.uuid=\"4D697261-0000-4000-8000-00000000000A\"", "xl.kernel='/boot/mine'"),
	    0, "name, uuid and kernel");
	is_str(m.domain.name, "shop", "the domain's name");
	is_str(m.domain.uuid, "4d697261-0000-4000-8000-00000000000a", "its uuid");
	is_str(xlu_text(&m.xl, "name"), "shop", "xl.name");
	is_str(xlu_text(&m.xl, "kernel"), "/boot/mine", "xl.kernel");
	is_str(buf_str(&m.domain.kernel), "/boot/mine", "the domain's kernel");
	is_str(m.warnings.items[0],
	    "xl.kernel: /boot/mine is started, and not the file that was looked at", "said");
	is_int(made(&moved, &pvh, "name=www", "xl.kernel='/boot/mine'"), 0, "once more");
	moved.domain.kernel_moved = true;
	buf_clear(&moved.domain.kernel);
	buf_adds(&moved.domain.kernel, "/there/www.xen");
	buf_clear(&moved.text);
	xlu_free(&moved.xl);
	ok(xlfile(&moved.domain, &moved.text, &moved.warnings, &fault) == 0 &&
		xlu_read(&moved.xl, &moved.text),
	    "of which the kernel was copied");
	is_str(xlu_text(&moved.xl, "kernel"), "/there/www.xen", "is started from there");
	is_str(moved.warnings.items[moved.warnings.count - 1],
	    "xl.kernel: left out, as the kernel is copied", "which is said");
}

static void warns(const char *field, const char *want)
{
	struct made m A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www", "arg=a", field), 0, "%s", field);
	is_int((long long)m.warnings.count, want != NULL, "%s: warnings", field);
	is_str(m.warnings.count ? m.warnings.items[0] : NULL, want, "%s: is warned of", field);
}

static void test_warnings(void)
{
	warns("xl.memroy=32", "xl.memroy: xl doesn't know that key; did you mean memory?");
	warns("xl.quite_another=32", "xl.quite_another: xl doesn't know that key");
	warns("xl.maxmem=['1']", "xl.maxmem: xl wants a number, not a list");
	warns("xl.pool=['1']", "xl.pool: xl wants a text, not a list");
	warns("xl.pci='00:01.0'", "xl.pci: xl wants a list: pci=[\"...\"]");
	warns("xl.localtime=yes", "xl.localtime: xl wants a number, not yes");
	warns("xl.extra='x'", "xl.extra is what the unikernel is told, in place of its arguments");
	warns("xl.builder='generic'",
	    "xl.builder: the kernel is a PVH one, which xl doesn't start so; leave it out");
	warns("xl.kernel='./www.xen'", NULL);
	warns("xl.kernel='old.xen'",
	    "xl.kernel: /here/old.xen is started, and not the file that was looked at");
	warns("xl.cpus='0-3'", NULL);
	warns("xl.cpus=['0','1']", NULL);
	warns("xl.seclabel=x", NULL);
	warns("xl.device_model_args_pv=['x']", NULL);
}

static void test_command_line_given(void)
{
	struct made m A_CLEANUP(made_free) = {0};

	is_int(made(&m, &pvh, "name=www", "arg=a", "xl.root='/dev/xvda'"), 0, "xl.root");
	ok(!xlu_text(&m.xl, "cmdline"), "xl would ignore it beside cmdline");
	is_str(xlu_text(&m.xl, "root"), "/dev/xvda", "so it is alone");
}

static void test_keys(void)
{
	static const char *const older[] = {"builder", "extra", "root", "serial", "nodes",
	    "on_soft_reset", "vkb", "xenstore_quota", "acpi", "vif2"};

	for (size_t i = 0; i < COUNT_OF(older); i++)
		ok(xlkey_kinds(older[i]), "%s is a key", older[i]);
	is_int(xlkey_kinds("memory"), XLKEY_NUMBER, "memory is a number");
	is_int(xlkey_kinds("cpus"), XLKEY_TEXT | XLKEY_LIST, "cpus may be two things");
	is_int(xlkey_kinds("memoryy"), 0, "memoryy is none");
	is_str(xlkey_suggest("on_crsh"), "on_crash", "the nearest");
}

/* ---- hostile text -----------------------------------------------------------------------------
 */

static unsigned long long seed = 7;

static unsigned below(unsigned limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % limit);
}

/* Mostly characters that mean something to somebody, some of all bytes but NUL. */
static void hostile(char *into, size_t room, bool lines)
{
	static const char letters[] = "\"'\\\\,,[]#;= \t:%$`&<>{}|nx0a\xc3\xa9";
	size_t length = 1 + below((unsigned)room - 1);

	for (size_t i = 0; i < length; i++) {
		into[i] = below(4) ? letters[below(sizeof letters - 1)] : (char)(1 + below(255));
		if (!lines && (into[i] == '\n' || into[i] == '\r'))
			into[i] = '\\';
	}
	into[length] = '\0';
}

static void test_strings(void)
{
	int wrong = 0;

	for (int n = 0; n < 20000; n++) {
		struct buf file A_CLEANUP(buf_free) = {0};
		struct xlu x A_CLEANUP(xlu_free) = {0};
		char text[24];

		hostile(text, sizeof text, true);
		buf_adds(&file, "before='1'\nkey=");
		xl_string(&file, text);
		buf_adds(&file, "\nafter='2'\n");
		if (xlu_read(&x, &file) && xlu_text(&x, "key") && xlu_text(&x, "after") &&
		    !strcmp(xlu_text(&x, "key"), text))
			continue;
		wrong++;
		tap_show("text", text);
	}
	is_int(wrong, 0, "20000 strings are read back as they were");
}

/* What xl makes of a disk. */
static bool disk_is(const char *spec, const char *path)
{
	XLU_Config *config = xlu_cfg_init(stderr, "disk");
	libxl_device_disk disk;
	bool good;

	libxl_device_disk_init(&disk);
	good = spec && xlu_disk_parse(config, 1, &spec, &disk) == 0 && disk.pdev_path &&
	       !strcmp(disk.pdev_path, path) && !strcmp(disk.vdev, "xvda") && disk.readwrite &&
	       disk.format == LIBXL_DISK_FORMAT_RAW && !disk.script && !disk.backend_domname;
	libxl_device_disk_dispose(&disk);
	xlu_cfg_destroy(config);
	return good;
}

static void test_hostile(void)
{
	int wrong = 0;

	for (int n = 0; n < 3000; n++) {
		struct made m A_CLEANUP(made_free) = {0};
		struct strv more A_CLEANUP(strv_free) = {0};
		char kernel[24] = "/", path[24] = "/", argument[24], field[64];

		hostile(kernel + 1, sizeof kernel - 1, true);
		hostile(path + 1, sizeof path - 1, false);
		hostile(argument, sizeof argument, true);
		strv_add(&more, argument);
		snprintf(field, sizeof field, "block.b.path=%s", path);
		if (make(&m, &pvh, kernel, &more,
			(const char *const[]){"name=www", "xl.on_crash=preserve", field, NULL}) ==
			0 &&
		    !strcmp(xlu_text(&m.xl, "kernel"), kernel) &&
		    !strcmp(xlu_text(&m.xl, "cmdline"), buf_str(&m.domain.cmdline)) &&
		    !strcmp(xlu_text(&m.xl, "on_crash"), "preserve") &&
		    disk_is(xlu_item(&m.xl, "disk", 0), path))
			continue;
		wrong++;
		tap_show("kernel", kernel);
		tap_show("path", path);
		tap_show("argument", argument);
	}
	is_int(wrong, 0, "3000 files with kernels, disks and arguments of all kinds");
}

static void test_disk_paths(void)
{
	static const char *const paths[] = {"/a,b", "/a,", "/a,,", "/a b ", "/ a", "/'\"\\",
	    "/target=x,vdev=xvdz", "/raw:/x", "/a\tb", "/\x01\xff", "/,access=r"};
	struct made m A_CLEANUP(made_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct made one A_CLEANUP(made_free) = {0};
		char field[64];

		snprintf(field, sizeof field, "block.b.path=%s", paths[i]);
		is_int(made(&one, &pvh, "name=www", field), 0, "a disk's path");
		ok(disk_is(xlu_item(&one.xl, "disk", 0), paths[i]), "is read back: number %zu", i);
	}
	if (rec_add(&record, "name", "www", &fault) ||
	    rec_add(&record, "block.b.path", "b", &fault))
		ok(false, "a record");
	ok(domain_make(&m.domain, &record, &pvh, "www.xen", "/two\nlines", &fault) == 0 &&
		xlfile(&m.domain, &m.text, &m.warnings, &fault) < 0,
	    "a path with a line end is refused");
	ok(strstr(fault.text, "xl takes no path with a line end in it"), "why");
}

static void test_not_xen(void)
{
	static const struct image virtio = {
	    .boot = BOOT_SOLO5 | BOOT_MULTIBOOT, .arch = "x86_64", .target = "virtio"};
	struct made m A_CLEANUP(made_free) = {0};

	is_int(made(&m, &virtio, "name=www"), -1, "one for QEMU");
	is_str(fault.text, "/here/www.xen was built for virtio, not for xen", "why");
	is_str(fault.hint, "mirari build -t xen", "what to do");
}

int main(void)
{
	test_plain();
	test_pv();
	test_devices();
	test_given();
	test_identity();
	test_warnings();
	test_command_line_given();
	test_keys();
	test_strings();
	test_hostile();
	test_disk_paths();
	test_not_xen();
	return tap_end();
}
