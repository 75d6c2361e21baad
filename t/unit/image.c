#include "model/image.h"

#include "elfsample.h"
#include "tap.h"

static const struct sample_device two[] = {{"service", NET_DEVICE}, {"storage", BLOCK_DEVICE}};

/* Whatever the bytes are: an answer or a message, and nothing read beside them. */
static bool survives(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct image image;
	struct fault fault = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	bool good;

	if (!exact)
		abort();
	memcpy(
	    exact, bytes, size); /* of the very size, so that the sanitizer sees what is beyond */
	if (image_parse(exact, size, "x", &image, &fault) < 0)
		good = fault.status == EX_DATAERR && !strncmp(fault.text, "x: ", 3);
	else
		good = image.boot && image.arch && image.device_count <= IMAGE_DEVICES_MAX &&
		       image_write(&image, &record, &fault) == 0;
	free(exact);
	return good;
}

static void is_image(const struct sample *s, const char *want, const char *what)
{
	struct image image;
	struct fault fault = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (image_parse(s->bytes, s->size, "x", &image, &fault) < 0 ||
	    image_write(&image, &record, &fault) < 0)
		buf_adds(&text, fault.text);
	for (size_t i = 0; i < record.count; i++)
		buf_printf(
		    &text, "%s%s=%s", i ? " " : "", record.fields[i].key, record.fields[i].value);
	is_str(buf_str(&text), want, "%s", what);
}

static void is_fault(const struct sample *s, size_t size, const char *want)
{
	struct image image;
	struct fault fault = {.text = "nothing"};

	is_int(image_parse(s->bytes, size, "x", &image, &fault), -1, "refused: %s", want);
	if (!ok(strstr(fault.text, want) != NULL, "… and said so"))
		tap_show("got ", fault.text);
}

/* Each prefix, and each bit turned: `name` is for the report. */
static void mangle(const struct sample *s, const char *name)
{
	static struct sample copy;
	size_t failed = 0;

	for (size_t size = 0; size < s->size; size++)
		failed += !survives(s->bytes, size);
	is_int((long long)failed, 0, "%s: all %zu truncations", name, s->size);
	failed = 0;
	copy = *s;
	for (size_t bit = 0; bit < s->size * 8; bit++) {
		copy.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		failed += !survives(copy.bytes, copy.size);
		copy.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	is_int((long long)failed, 0, "%s: all %zu bits", name, s->size * 8);
}

static void test_solo5(void)
{
	static const struct {
		unsigned machine;
		uint32_t target;
		const char *want;
	} all[] = {
	    {EM_AMD64, 1, "target=hvt abi=2 arch=x86_64 boot=solo5"},
	    {EM_ARM64, 2, "target=spt abi=2 arch=aarch64 boot=solo5"},
	    {EM_AMD64, 3, "target=virtio abi=2 arch=x86_64 boot=solo5"},
	    {EM_AMD64, 4, "abi=2 arch=x86_64 boot=solo5"},
	    {EM_AMD64, 5, "abi=2 arch=x86_64 boot=solo5"},
	    {EM_ARM64, 6, "target=xen abi=2 arch=aarch64 boot=solo5"},
	};
	static struct sample s;
	static struct sample_device many[63];
	static char names[63][68];
	struct image image;
	struct fault fault = {0};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		make_solo5(&s, all[i].machine, all[i].target, 2, NULL, 0);
		is_image(&s, all[i].want, "a unikernel without devices");
	}
	make_solo5(&s, EM_AMD64, 1, 2, two, 2);
	is_image(&s,
	    "target=hvt abi=2 arch=x86_64 boot=solo5 device.0.name=service "
	    "device.0.type=NET_BASIC device.1.name=storage device.1.type=BLOCK_BASIC",
	    "one with two");
	mangle(&s, "hvt");
	for (size_t i = 0; i < COUNT_OF(many); i++) {
		memset(names[i], 'a', 67);
		snprintf(names[i] + 65, 3, "%02zu", i);
		many[i] = (struct sample_device){names[i], 1 + i % 2};
	}
	make_solo5(&s, EM_AMD64, 1, 2, many, 63);
	is_int(image_parse(s.bytes, s.size, "x", &image, &fault), 0, "one with 63");
	is_int((long long)image.device_count, 63, "… which are all there");
	is_str(image.devices[62].name, names[62], "… with names of 67");
}

/* A byte or word of a good unikernel changed. */
static void bad(size_t at, bool manifest, size_t width, uint64_t value, const char *want)
{
	static struct sample s;
	size_t start = make_solo5(&s, EM_AMD64, 1, 2, two, 2);

	put_le(&s, (manifest ? start : 0) + at, width, value);
	is_fault(&s, s.size, want);
}

static void test_bad_manifests(void)
{
	enum { FIRST = 8, SECOND = FIRST + 104, THIRD = SECOND + 104 };
	static struct sample s;
	size_t at;

	bad(0, true, 4, 2, "its version is 2; only 1 is known here");
	bad(4, true, 4, 0, "it has no entries");
	bad(4, true, 4, 65, "it has 65 entries; at most 64");
	bad(4, true, 4, 0xffffffff, "it has 4294967295 entries");
	bad(4, true, 4, 4, "4 entries are 428 bytes, but the note has 324");
	bad(4, true, 4, 2, "2 entries are 220 bytes, but the note has 324");
	bad(FIRST, true, 1, 'x', "its first entry is not the reserved one");
	bad(FIRST + 68, true, 4, 1, "its first entry is not the reserved one");
	bad(SECOND, true, 1, 0, "entry 1 has no name");
	bad(SECOND, true, 1, '-', "entry 1 has a name of other characters");
	bad(SECOND, true, 1, 0xe9, "entry 1 has a name of other characters");
	bad(SECOND, true, 1, '\n', "entry 1 has a name of other characters");
	bad(SECOND + 68, true, 4, 0, "device service has type 0");
	bad(SECOND + 68, true, 4, 3, "device service has type 3");
	bad(SECOND + 68, true, 4, 1 << 30, "device service has type 1073741824");
	bad(THIRD + 96, true, 1, 1, "device storage is marked as attached");
	bad((size_t)-20, true, 4, 1, "the note is 1 bytes, too few for one");
	bad((size_t)-20, true, 4, 0x7fffffff, "larger than its segment");
	bad((size_t)-20, true, 4, 0xffffffff, "larger than its segment");
	at = make_solo5(&s, EM_AMD64, 1, 2, two, 2);
	memset(s.bytes + at + THIRD, 'a', 68);
	is_fault(&s, s.size, "entry 2 has a name that doesn't end");
	at = make_solo5(&s, EM_AMD64, 1, 2, two, 2);
	memcpy(s.bytes + at + THIRD, "service", 8);
	is_fault(&s, s.size, "two devices are called service");
}

static void test_bad_notes(void)
{
	static struct sample s;

	make_solo5(&s, EM_AMD64, 0, 2, two, 2);
	is_fault(&s, s.size, "for target 0, which is none that is known here");
	make_solo5(&s, EM_AMD64, 7, 2, two, 2);
	is_fault(&s, s.size, "for target 7, which is none that is known here");
	start_elf(&s, 2, EM_AMD64, 2);
	add_code(&s);
	add_abi(&s, 2, 7);
	is_fault(&s, s.size, "has an ABI note of Solo5 (spt, version 7), but no manifest");
	start_elf(&s, 2, EM_AMD64, 2);
	add_code(&s);
	add_manifest(&s, two, 2);
	is_fault(&s, s.size, "has a manifest of Solo5, but no ABI note");
	start_elf(&s, 2, EM_AMD64, 3);
	add_code(&s);
	add_abi(&s, 1, 2);
	add_abi(&s, 1, 2);
	is_fault(&s, s.size, "has two ABI notes");
	start_elf(&s, 2, EM_AMD64, 3);
	add_manifest(&s, two, 2);
	add_manifest(&s, two, 2);
	is_fault(&s, s.size, "has two manifests");
	start_elf(&s, 2, EM_AMD64, 2);
	add_note(&s, "Solo5", 0x31494241, "123", 3);
	is_fault(&s, s.size, "ABI note of Solo5 of 3 bytes instead of 16");
	make_solo5(&s, EM_AMD64, 1, 2, two, 2);
	put_le(&s, ELF_TYPE, 2, 3);
	is_fault(&s, s.size, "position-independent");
}

static void test_other_elf(void)
{
	static struct sample s;
	static const uint8_t pie[32] = {0xfb, 0xff, 0xff, 0x6f, [11] = 0x08};
	size_t at;

	start_elf(&s, 2, EM_AMD64, 1);
	add_code(&s);
	is_image(&s, "target=unix-socket arch=x86_64 boot=executable", "a static program");
	put_le(&s, 7, 1, 9);
	is_fault(&s, s.size, "is a program for FreeBSD");
	put_le(&s, 7, 1, 3);
	is_image(&s, "target=unix-socket arch=x86_64 boot=executable", "one marked as Linux's");
	put_le(&s, ELF_ENTRY, 8, 0);
	is_fault(&s, s.size, "has its entry point at 0x0, where no code");
	start_elf(&s, 2, EM_AMD64, 2);
	add_code(&s);
	add_note(&s, "OpenBSD", 1, "\0\0\0", 4);
	is_fault(&s, s.size, "is a program for OpenBSD");
	start_elf(&s, 3, EM_ARM64, 2);
	add_code(&s);
	is_fault(&s, s.size, "is a shared library");
	at = append(&s, pie, sizeof pie);
	add_segment(&s, PT_DYN, at, sizeof pie, 8);
	is_image(
	    &s, "target=unix-socket arch=aarch64 boot=executable", "a static one for any place");
	mangle(&s, "static-pie");
	start_elf(&s, 3, EM_AMD64, 2);
	add_code(&s);
	at = append(&s, "/lib64/ld-linux-x86-64.so.2", 28);
	add_segment(&s, PT_INTERPRETER, at, 28, 1);
	is_image(&s, "target=unix-socket arch=x86_64 boot=executable", "a dynamic one");
	mangle(&s, "dynamic");
	memcpy(s.bytes + at, "/nonexistent/solo5/", 20);
	is_fault(&s, s.size, "marked as a unikernel for Solo5, but has neither");
}

static void test_xen(void)
{
	static struct sample s;
	size_t names, section;

	start_elf(&s, 2, EM_AMD64, 3);
	add_code(&s);
	add_note(&s, "Xen", 18, "\0\0\x10", 4);
	is_image(&s, "target=xen arch=x86_64 boot=xen-pvh", "Xen's PVH");
	add_note(&s, "Xen", 1, "\0\0\x10\0\0\0\0", 8);
	is_image(&s, "target=xen arch=x86_64 boot=xen-pvh boot=xen-pv", "both of Xen's");
	mangle(&s, "xen");
	start_elf(&s, 2, EM_AMD64, 1);
	add_code(&s);
	put_le(&s, 151, 1, 0);
	names = append(&s, "\0__xen_guest", 13);
	put_le(&s, 167, 1, 0);
	section = s.size;
	put_le(&s, section + 2 * 64 - 1, 1, 0);
	put_le(&s, section, 4, 1);
	put_le(&s, section + 4, 4, 3);
	put_le(&s, section + 24, 8, names);
	put_le(&s, section + 32, 8, 13);
	put_le(&s, ELF_SECTIONS, 8, section);
	put_le(&s, 60, 2, 2);
	put_le(&s, 62, 2, 0);
	is_image(&s, "target=xen arch=x86_64 boot=xen-pv", "a section __xen_guest, as in 2013");
	mangle(&s, "__xen_guest");
}

static void test_multiboot(void)
{
	static struct sample s;

	s = (struct sample){.size = 0};
	append(&s, "\xeb\xfe..", 4);
	add_multiboot(&s, 8, 1 << 16);
	is_image(&s, "target=virtio arch=x86_64 boot=multiboot", "a flat multiboot file");
	mangle(&s, "multiboot");
	add_multiboot(&s, 8, 0);
	is_fault(&s, s.size, "multiboot header without usable addresses");
	add_multiboot(&s, 8, 1 << 16);
	put_le(&s, 8 + 16, 4, 0x100);
	is_fault(&s, s.size, "multiboot header without usable addresses");
	s = (struct sample){.size = 0};
	add_multiboot(&s, 8192 - 52, 1 << 16);
	is_image(&s, "target=virtio arch=x86_64 boot=multiboot", "the last place where QEMU looks");
	s = (struct sample){.size = 0};
	add_multiboot(&s, 8192 - 48, 1 << 16);
	is_image(&s, "arch=x86_64 boot=multiboot", "behind that, for GRUB only");
	s = (struct sample){.size = 0};
	add_multiboot(&s, 8192 - 32, 1 << 16);
	is_image(&s, "arch=x86_64 boot=multiboot", "the last place with addresses");
	s = (struct sample){.size = 0};
	add_multiboot(&s, 8192 - 28, 1 << 16);
	is_fault(&s, s.size, "multiboot header without usable addresses");
	s = (struct sample){.size = 0};
	add_multiboot(&s, 8192 - 8, 1 << 16);
	is_fault(&s, s.size, "begins with zeros");
	s = (struct sample){.size = 0};
	put_le(&s, 8, 4, 0xe85250d6);
	put_le(&s, 12, 4, 0);
	put_le(&s, 16, 4, 24);
	put_le(&s, 20, 4, (uint32_t) - (0xe85250d6 + 24));
	is_image(&s, "arch=x86_64 boot=multiboot2", "multiboot2 is for GRUB only");
	mangle(&s, "multiboot2");
	start_elf(&s, 2, EM_AMD64, 1);
	add_code(&s);
	add_multiboot(&s, 124, 1 << 16);
	is_image(&s, "target=virtio arch=x86_64 boot=multiboot", "64-bit ELF with addresses");
	add_multiboot(&s, 124, 3);
	is_image(&s, "arch=x86_64 boot=multiboot", "… which QEMU doesn't load without");
	put_le(&s, 4, 1, 1);
	put_le(&s, ELF_MACHINE, 2, EM_I386);
	is_image(&s, "target=virtio arch=x86_64 boot=multiboot", "32-bit ELF needs none");
	put_le(&s, 124, 4, 0);
	is_fault(&s, s.size, "is a 32-bit program (i386)");
}

/* An ELF32 header with room for two program headers, of which the first loads code. */
static void start_elf_32(struct sample *s)
{
	*s = (struct sample){.size = 0};
	append(s, "\177ELF\1\1\1", 8);
	put_le(s, ELF_TYPE, 2, 2);
	put_le(s, ELF_MACHINE, 2, EM_I386);
	put_le(s, 20, 4, 1);
	put_le(s, 24, 4, ENTRY_POINT);
	put_le(s, 28, 4, 52);
	put_le(s, 42, 2, 32);
	put_le(s, 44, 2, 2);
	put_le(s, 52, 4, PT_LOADED);
	put_le(s, 52 + 4, 4, 116);
	put_le(s, 52 + 8, 4, ENTRY_POINT);
	put_le(s, 52 + 16, 4, 4);
	put_le(s, 52 + 20, 4, 0x2000);
	put_le(s, 52 + 24, 4, 5);
	put_le(s, 116, 4, 0x90fdebf4);
}

static void add_note_32(struct sample *s, const char *owner, uint32_t type, size_t length)
{
	size_t start = s->size, name = strlen(owner) + 1;

	put_le(s, start, 4, name);
	put_le(s, start + 4, 4, length);
	put_le(s, start + 8, 4, type);
	append(s, owner, name);
	put_le(s, ((s->size + 3) & ~(size_t)3) + length - 1, 1, 0);
	put_le(s, 84, 4, PT_NOTES);
	put_le(s, 84 + 4, 4, start);
	put_le(s, 84 + 16, 4, s->size - start);
	put_le(s, 84 + 28, 4, 4);
}

static void test_32_bits(void)
{
	static struct sample s;
	struct image image;
	struct fault fault;

	start_elf_32(&s);
	is_fault(&s, s.size, "is a 32-bit program (i386)");
	is_fault(&s, 51, "is cut short: an ELF header is");
	is_fault(&s, 100, "is cut short: 2 program headers should be at byte 52");
	add_note_32(&s, "Xen", 18, 4);
	is_image(&s, "target=xen arch=x86_64 boot=xen-pvh", "Xen's PVH in 32 bits");
	is_int(image_parse(s.bytes, s.size, "x", &image, &fault), 0, "read again");
	is_int((long long)image.end, ENTRY_POINT + 0x2000, "where it ends is known");
	mangle(&s, "32 bits");
	is_fault(&s, s.size - 1, "is cut short: segment 1 should be 20 bytes");
	add_multiboot(&s, 8192 - 12, 3);
	is_image(
	    &s, "target=xen arch=x86_64 boot=xen-pvh boot=multiboot", "and multiboot for GRUB");
	put_le(&s, ELF_TYPE, 2, 1);
	is_fault(&s, s.size, "is an object file");
	start_elf_32(&s);
	add_note_32(&s, "Xen", 1, 4);
	is_image(&s, "target=xen arch=x86_64 boot=xen-pv", "Xen's PV in 32 bits");
	put_le(&s, 42, 2, 56);
	is_fault(&s, s.size, "has program headers of 56 bytes instead of 32");
	start_elf_32(&s);
	add_note_32(&s, "Solo5", 0x31494241, 16);
	is_fault(&s, s.size, "target 0, which is none");
	put_le(&s, 116 + 4 + 20, 4, 1);
	is_fault(&s, s.size, "is a 32-bit program (i386)");
	add_multiboot(&s, 8192 - 12, 3);
	is_fault(&s, s.size, "is a 32-bit program (i386)");
}

static void test_elf_headers(void)
{
	static struct sample s;
	static const struct {
		size_t at, width;
		uint64_t value;
		const char *want;
	} all[] = {
	    {4, 1, 1, "is a 32-bit program (x86_64)"},
	    {4, 1, 3, "of unknown class 3"},
	    {5, 1, 2, "is a big-endian 64-bit program"},
	    {5, 1, 0, "of unknown byte order 0"},
	    {6, 1, 2, "of unknown version 2"},
	    {ELF_TYPE, 2, 0, "of unknown type 0"},
	    {ELF_TYPE, 2, 1, "is an object file (.o)"},
	    {ELF_TYPE, 2, 4, "is a core dump"},
	    {ELF_MACHINE, 2, 243, "is for RISC-V processors"},
	    {ELF_MACHINE, 2, 9999, "is for processors of number 9999"},
	    {32, 8, 1 << 20, "is cut short: 4 program headers should be at byte 1048576"},
	    {32, 8, UINT64_MAX, "is cut short: 4 program headers"},
	    {54, 2, 32, "has program headers of 32 bytes instead of 56"},
	    {56, 2, 0, "has no program headers"},
	    {56, 2, 65535, "has 65535 program headers; at most 1170"},
	    {ELF_HEADERS + 56 + 8, 8, UINT64_MAX, "is cut short: segment 1 should be 4 bytes"},
	    {ELF_HEADERS + 56 + 32, 8, UINT64_MAX, "is cut short: segment 1"},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		bad(all[i].at, false, all[i].width, all[i].value, all[i].want);
	make_solo5(&s, EM_AMD64, 1, 2, two, 2);
	is_fault(&s, 0, "is empty");
	is_fault(&s, 1, "is cut short: the file has 1 bytes");
	is_fault(&s, 19, "is cut short: an ELF header is 64 bytes, but the file has 19");
	is_fault(&s, 63, "is cut short: an ELF header is 64 bytes, but the file has 63");
	is_fault(&s, 64, "is cut short: 4 program headers");
	is_fault(&s, s.size - 1, "is cut short: segment 3");
}

static void test_others(void)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *want;
	} all[] = {
	    {"#!/bin/sh\necho\n", 15, "is a script (#!/bin/sh), not machine code"},
	    {"#!\xff\xfe", 4, "is a script (#!"},
	    {"name: x\n", 8, "is text"},
	    {"\xc3\xa9t\xc3\xa9", 5, "is text"},
	    {"x", 1, "is text"},
	    {"MZ\x90\0", 4, "DOS, Windows or UEFI"},
	    {"\xcf\xfa\xed\xfe\7\0\0\1", 8, "macOS (Mach-O)"},
	    {"\xca\xfe\xba\xbe", 4, "macOS (Mach-O"},
	    {"\x1f\x8b\x08\0", 4, "compressed by gzip: unpack it first, with gunzip"},
	    {"\xfd"
	     "7zXZ\0",
		6, "compressed by xz"},
	    {"\x28\xb5\x2f\xfd\4", 5, "compressed by zstd"},
	    {"BZh9", 4, "compressed by bzip2"},
	    {"PK\3\4", 4, "is a zip archive"},
	    {"!<arch>\n", 8, "is a library (.a)"},
	    {"QFI\xfb\0\0\0\3", 8, "is a disk image (qcow2)"},
	    {"Caml1999O033", 12, "compiled OCaml"},
	    {"\0\0\0\0", 4, "begins with zeros"},
	    {"\x80\1\2\3\4\5\6\7\x08\x09", 10, "begins with the bytes 80 01 02 03 04 05 06 07"},
	};
	static struct sample s;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		s = (struct sample){.size = 0};
		append(&s, all[i].bytes, all[i].length);
		is_fault(&s, s.size, all[i].want);
	}
	s = (struct sample){.size = 0};
	append(&s, "MZ", 2);
	put_le(&s, 510, 2, 0xaa55);
	put_le(&s, 0x202, 4, 0x53726448);
	is_fault(&s, s.size, "is a Linux kernel (bzImage)");
	s = (struct sample){.size = 0};
	put_le(&s, 257, 1, 'u');
	memcpy(s.bytes + 257, "ustar", 5);
	put_le(&s, 511, 1, 0);
	is_fault(&s, s.size, "is a tar archive");
	s = (struct sample){.size = 0};
	append(&s, "\xeb\x63\x90", 3);
	put_le(&s, 510, 2, 0xaa55);
	is_fault(&s, s.size, "is a disk image (it begins with a boot sector)");
}

/* As many notes as there are bytes for them end in a message, not in an hour. */
static void test_endless_notes(void)
{
	enum { SIZE = 1 << 20 };
	static uint8_t bytes[SIZE];
	static struct sample s;
	struct image image;
	struct fault fault = {0};

	start_elf(&s, 2, EM_AMD64, 1);
	add_segment(&s, PT_NOTES, 256, SIZE - 256, 4);
	memcpy(bytes, s.bytes, s.size);
	is_int(image_parse(bytes, SIZE, "x", &image, &fault), -1, "endless notes");
	ok(strstr(fault.text, "more than 4096 notes") != NULL, "… are refused: %s", fault.text);
}

static int fails(void *context, uint64_t offset, void *into, size_t length, const char *name,
    struct fault *fault)
{
	int *left = context;

	(void)offset;
	memset(into, 0, length);
	return (*left)-- > 0 ? 0 : fault_set(fault, EX_IOERR, "read %s: no", name);
}

static void test_read_fails(void)
{
	int left = 0;
	struct image_source source = {.size = 100, .read = fails, .context = &left};
	struct image image;
	struct fault fault = {0};

	is_int(image_parse_source(&source, "x", &image, &fault), -1, "a file that can't be read");
	is_int(fault.status, EX_IOERR, "… is that fault");
	is_str(fault.text, "read x: no", "… with its words");
}

int main(void)
{
	test_solo5();
	test_bad_manifests();
	test_bad_notes();
	test_elf_headers();
	test_other_elf();
	test_xen();
	test_multiboot();
	test_32_bits();
	test_others();
	test_endless_notes();
	test_read_fails();
	return tap_end();
}
