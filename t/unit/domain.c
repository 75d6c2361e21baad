#include "model/domain.h"

#include "tap.h"

static struct fault fault;

static const struct image pvh = {.boot = BOOT_XEN_PVH, .arch = "x86_64", .target = "xen"};
static const struct image pv = {.boot = BOOT_XEN_PV, .arch = "x86_64", .target = "xen"};
static const struct image both = {
    .boot = BOOT_XEN_PVH | BOOT_XEN_PV | BOOT_MULTIBOOT, .arch = "x86_64", .target = "xen"};

static int make_of(struct domain *d, struct rec *record, const struct image *image,
    const char *kernel, const char *const *fields)
{
	struct strv all A_CLEANUP(strv_free) = {0};

	strv_add_words(&all, fields);
	if (rec_apply(record, &all, &fault) < 0)
		return -2;
	return domain_make(d, record, image, kernel, "/here", &fault);
}

#define make(d, r, image, kernel, ...) \
	make_of((d), (r), (image), (kernel), (const char *const[]){__VA_ARGS__, NULL})

static void refuses_of(const struct image *image, const char *want, const char *const *fields)
{
	struct domain d A_CLEANUP(domain_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};

	is_int(make_of(&d, &record, image, "www.xen", fields), -1, "%s: refused", fields[0]);
	is_str(fault.text, want, "%s: why", fields[0]);
	is_int(fault.status, EX_DATAERR, "%s: bad input", fields[0]);
}

#define refuses(image, want, ...) \
	refuses_of((image), (want), (const char *const[]){__VA_ARGS__, NULL})

static void test_plain(void)
{
	struct domain d A_CLEANUP(domain_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	char uuid[DOMAIN_UUID_LENGTH + 1];

	is_int(make(&d, &record, &both, "./sub/www.xen", "name=www", "block.a.path=a.img",
		   "net.n.mac=02:00:00:00:00:01"),
	    0, "a record");
	is_str(d.name, "www", "its name");
	is_int(d.type, DOMAIN_PVH, "PVH before PV");
	is_str(buf_str(&d.kernel), "/here/sub/www.xen", "its kernel, absolute");
	is_int(d.memory, DOMAIN_MEMORY_DEFAULT, "its memory");
	is_int(d.cpus, 1, "its processors");
	is_int((long long)d.disk_count, 1, "its disks");
	is_str(d.disks[0].path, "/here/a.img", "whose path is absolute");
	is_str(d.disks[0].device, "xvda", "as what");
	is_int((long long)d.nets.count, 1, "its network");
	domain_uuid("www", uuid);
	is_str(d.uuid, uuid, "its UUID");
}

static void test_uuid(void)
{
	char one[DOMAIN_UUID_LENGTH + 1], two[DOMAIN_UUID_LENGTH + 1];

	domain_uuid("www", one);
	domain_uuid("wwx", two);
	/* what was started by an earlier release has to be found */
	is_str(one, "4d697261-7269-8649-ad65-e74b556678fb", "the UUID of www");
	ok(strcmp(one, two), "another name has another");
	ok(domain_uuid_is_ours(one) && domain_uuid_is_ours(two), "both are ours");
	ok(domain_uuid_is_ours("4D697261-7269-8649-AD65-E74B556678FB"), "in upper case, too");
	ok(!domain_uuid_is_ours("4d697261-7269-4649-ad65-e74b556678fb"), "another version isn't");
	ok(!domain_uuid_is_ours("4d697261-7269-8649-ad65-e74b556678f"), "nor one that is short");
	ok(!domain_uuid_is_ours("4d697261-7269-8649-ad65-e74b556678fbb"), "or long");
	ok(!domain_uuid_is_ours(""), "or nothing");
	for (int i = 0; i < 1000; i++) {
		char name[16], uuid[DOMAIN_UUID_LENGTH + 1];

		snprintf(name, sizeof name, "n%d", i);
		domain_uuid(name, uuid);
		if (!domain_uuid_is_ours(uuid) || !strchr("89ab", uuid[19]))
			ok(false, "%s: %s", name, uuid);
	}
}

static void test_identify(void)
{
	struct rec record A_CLEANUP(rec_free) = {0}, none A_CLEANUP(rec_free) = {0};
	struct buf name A_CLEANUP(buf_free) = {0};
	char uuid[DOMAIN_UUID_LENGTH + 1], other[DOMAIN_UUID_LENGTH + 1];

	if (rec_add(&record, "name", "www", &fault) ||
	    rec_add(&record, "xl.name", "\"shop\"", &fault))
		ok(false, "a record");
	is_int(domain_identify(&record, &name, uuid, &fault), 0, "without a kernel");
	is_str(buf_str(&name), "shop", "xl.name");
	domain_uuid("shop", other);
	is_str(uuid, other, "its UUID");
	is_int(domain_identify(&none, &name, uuid, &fault), -1, "no name");
	is_str(fault.hint, "--set name=NAME", "what to do");
}

static void test_names(void)
{
	refuses(&pvh, "name: '17' would be taken for a domain's number", "name=17");
	refuses(
	    &pvh, "xl.name: '0' would be taken for a domain's number", "name=www", "xl.name='0'");
	refuses(&pvh, "name: Domain-0 is the host's own", "name=Domain-0");
	refuses(&pvh,
	    "xl.name: '../x' can't be a domain's name here (a letter or digit, then also . _ + -; "
	    "at most 64)",
	    "name=www", "xl.name='../x'");
	refuses(&pvh, "xl.name: a list can't be a name", "name=www", "xl.name=['a']");
	refuses(&pvh, "xl.uuid: 'x' is no UUID", "name=www", "xl.uuid='x'");
	refuses(&pvh, "the record has no name, which a domain needs", "memory=3");
}

static void test_types(void)
{
	struct domain d A_CLEANUP(domain_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};

	is_int(make(&d, &record, &both, "www.xen", "name=www", "xl.type=pv"), 0, "xl.type");
	is_int(d.type, DOMAIN_PV, "chooses");
	refuses(&pvh, "xl.type: www.xen can't be started as pv, only as pvh", "name=www",
	    "xl.type=\"pv\"");
	refuses(&pv, "xl.type: www.xen can't be started as pvh, only as pv", "name=www",
	    "xl.type=\"pvh\"");
	refuses(
	    &both, "xl.type: \"hvm\": www.xen starts as pvh or pv", "name=www", "xl.type=\"hvm\"");
}

static void test_not_xen(void)
{
	static const struct {
		struct image image;
		const char *why;
	} others[] = {
	    {{.boot = BOOT_SOLO5, .arch = "x86_64", .target = "hvt"},
		"www.xen was built for hvt, not for xen"},
	    {{.boot = BOOT_SOLO5, .arch = "x86_64", .solo5 = "muen"},
		"www.xen was built for muen, not for xen"},
	    {{.boot = BOOT_EXECUTABLE, .arch = "x86_64", .target = "unix-socket"},
		"www.xen is a program of this system, not a kernel for xen"},
	    {{.boot = BOOT_MULTIBOOT2, .arch = "x86_64"},
		"www.xen was built for no target of ours, not for xen"},
	    {{.boot = BOOT_XEN_PVH, .arch = "aarch64", .target = "xen"},
		"www.xen: is for xen on aarch64; it is started on x86_64"},
	};

	for (size_t i = 0; i < COUNT_OF(others); i++)
		refuses(&others[i].image, others[i].why, "name=www");
}

static void test_qemu(void)
{
	static const struct image image = {
	    .boot = BOOT_SOLO5 | BOOT_MULTIBOOT, .arch = "x86_64", .target = "virtio"};
	struct domain d A_CLEANUP(domain_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};

	is_int(make(&d, &record, &image, "www.virtio", "name=www", "memory=64", "xl.memory=32",
		   "xl.kernel='/x'", "xl.name='shop'"),
	    0, "one for QEMU");
	is_int(d.type, DOMAIN_QEMU, "its type");
	is_int(d.memory, 64, "xl.memory is for Xen");
	is_str(buf_str(&d.kernel), "/here/www.virtio", "as is xl.kernel");
	is_str(d.name, "shop", "but its name is one for all");
	is_int((long long)d.xl.count, 0, "no other xl.KEY counts");
}

static void test_numbers(void)
{
	refuses(&pvh, "xl.memory: 'lots' is not a number from 1 to 1073741824", "name=www",
	    "xl.memory=lots");
	refuses(
	    &pvh, "xl.memory: '0' is not a number from 1 to 1073741824", "name=www", "xl.memory=0");
	refuses(&pvh, "xl.vcpus: '99999999999999999999' is not a number from 1 to 65536",
	    "name=www", "xl.vcpus=99999999999999999999");
	refuses(&pvh, "xl.vcpus: a list can't be a number", "name=www", "xl.vcpus=[1]");
	refuses(&pvh, "xl.kernel: ['a'] is no file's name", "name=www", "xl.kernel=['a']");
}

static void test_devices(void)
{
	static const struct image manifest = {.boot = BOOT_SOLO5 | BOOT_XEN_PVH,
	    .arch = "x86_64",
	    .target = "xen",
	    .solo5 = "xen",
	    .device_count = 1,
	    .devices = {{"data", DEVICE_BLOCK_BASIC}}};
	struct domain d A_CLEANUP(domain_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};

	refuses(&pvh, "block.b has no path", "name=www", "block.b.size=1M");
	refuses(&manifest,
	    "www.xen has the devices data (BLOCK_BASIC); it is given block x: nothing for data, "
	    "nobody wants x",
	    "name=www", "block.x.path=/x");
	for (int i = 0; i < 30; i++) {
		char field[32];

		snprintf(field, sizeof field, "block.d%d.path", i);
		if (rec_add(&record, field, "/x", &fault))
			ok(false, "a record");
	}
	is_int(make(&d, &record, &pvh, "www.xen", "name=www", "block.xvdc.path=/x",
		   "block.xvdab.path=/x", "block.xvdabc.path=/x"),
	    0, "many disks");
	is_str(d.disks[1].device, "xvdb", "the second");
	is_str(d.disks[2].device, "xvdd", "the third, around one that has its name");
	is_str(d.disks[25].device, "xvdaa", "the 26th");
	is_str(d.disks[26].device, "xvdac", "the 27th, around another");
	is_str(d.disks[30].device, "xvdc", "one with its name");
	is_str(d.disks[31].device, "xvdab", "another");
	is_str(d.disks[32].device, "xvdag", "one that is called like none");
}

int main(void)
{
	test_plain();
	test_uuid();
	test_identify();
	test_names();
	test_types();
	test_not_xen();
	test_qemu();
	test_numbers();
	test_devices();
	return tap_end();
}
