/* ELF files: System V ABI, gABI chapters 4 and 5. */
#include "model/imagescan.h"

#include <string.h>

enum {
	ELF_HEADER = 64,
	ELF_HEADER_32 = 52,
	PROGRAM_HEADER = 56,
	PROGRAM_HEADER_32 = 32,
	SECTION_HEADER = 64,
	HEADERS_MAX = 65536, /* bytes of program headers that Linux reads (fs/binfmt_elf.c) */
	SECTIONS_MAX = 65535,

	CLASS_64 = 2,
	LITTLE_ENDIAN_DATA = 1,
	TYPE_REL = 1,
	TYPE_EXEC = 2,
	TYPE_DYN = 3,
	TYPE_CORE = 4,
	MACHINE_386 = 3,
	MACHINE_X86_64 = 62,
	MACHINE_AARCH64 = 183,
	SEGMENT_LOAD = 1,
	SEGMENT_DYNAMIC = 2,
	SEGMENT_INTERP = 3,
	SEGMENT_NOTE = 4,
	FLAG_EXECUTE = 1,
	SECTION_NOTE = 7,
	DYNAMIC_MAX = 4096, /* entries that are looked at */
	DYNAMIC_FLAGS_1 = 0x6ffffffb,
	FLAG_1_PIE = 0x08000000,
};

struct elf {
	struct imagescan *scan;
	bool wide; /* 64 bits */
	unsigned type;
	uint64_t entry;
	bool fake_interpreter; /* Solo5's, so that no system starts it */
	bool interpreter;
	bool pie;
	bool entry_loads; /* the entry point is in a segment that may be executed */
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, address, size, memory, align;
};

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {{2, "SPARC"}, {MACHINE_386, "i386"}, {8, "MIPS"}, {20, "PowerPC"},
	    {21, "64-bit PowerPC"}, {22, "S/390"}, {40, "32-bit ARM"}, {42, "SuperH"},
	    {43, "64-bit SPARC"}, {50, "Itanium"}, {MACHINE_X86_64, "x86_64"},
	    {MACHINE_AARCH64, "aarch64"}, {243, "RISC-V"}, {247, "BPF"}, {258, "LoongArch"}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

/* OpenBSD's and NetBSD's are known by a note. */
static const char *system_name(unsigned abi)
{
	static const char *const names[] = {[1] = "HP-UX",
	    [2] = "NetBSD",
	    [6] = "Solaris",
	    [7] = "AIX",
	    [8] = "IRIX",
	    [9] = "FreeBSD",
	    [12] = "OpenBSD"};

	return abi < COUNT_OF(names) ? names[abi] : NULL;
}

static int take_interpreter(struct elf *elf, const struct segment *segment)
{
	char name[20] = "";
	size_t length = segment->size < sizeof name ? (size_t)segment->size : sizeof name;

	if (imagescan_take(elf->scan, segment->offset, name, length, "the interpreter's name") < 0)
		return -1;
	if (!strncmp(name, "/nonexistent/solo5/", sizeof name))
		elf->fake_interpreter = true;
	else
		elf->interpreter = true;
	return 0;
}

/* A static program that may be loaded anywhere looks like a shared library, but for a flag. */
static int take_dynamic(struct elf *elf, const struct segment *segment)
{
	uint8_t entry[16];

	for (uint64_t i = 0; i < segment->size / sizeof entry && i < DYNAMIC_MAX; i++) {
		if (imagescan_take(elf->scan, segment->offset + i * sizeof entry, entry,
			sizeof entry, "the dynamic section") < 0)
			return -1;
		if (!le64(entry))
			break;
		if (le64(entry) == DYNAMIC_FLAGS_1 && (le64(entry + 8) & FLAG_1_PIE))
			elf->pie = true;
	}
	return 0;
}

static int take_segment(struct elf *elf, const struct segment *segment, unsigned number)
{
	struct imagescan *s = elf->scan;

	if (segment->type < SEGMENT_LOAD || segment->type > SEGMENT_NOTE)
		return 0;
	if (!imagescan_has(s, segment->offset, segment->size))
		return imagescan_fault(s,
		    "is cut short: segment %u should be %llu bytes at byte %llu, but the file has "
		    "%llu",
		    number, (unsigned long long)segment->size, (unsigned long long)segment->offset,
		    (unsigned long long)s->source->size);
	switch (segment->type) {
	case SEGMENT_LOAD:
		if (segment->memory <= UINT64_MAX - segment->address &&
		    segment->address + segment->memory > s->image->end)
			s->image->end = segment->address + segment->memory;
		if ((segment->flags & FLAG_EXECUTE) && elf->entry >= segment->address &&
		    elf->entry - segment->address < segment->memory)
			elf->entry_loads = true;
		return 0;
	case SEGMENT_DYNAMIC:
		return take_dynamic(elf, segment);
	case SEGMENT_INTERP:
		return take_interpreter(elf, segment);
	default:
		return imagenote_scan(
		    s, segment->offset, segment->size, segment->align == 8 ? 8 : 4);
	}
}

static struct segment segment_of(const struct elf *elf, const uint8_t *bytes)
{
	if (elf->wide)
		return (struct segment){.type = le32(bytes),
		    .flags = le32(bytes + 4),
		    .offset = le64(bytes + 8),
		    .address = le64(bytes + 16),
		    .size = le64(bytes + 32),
		    .memory = le64(bytes + 40),
		    .align = le64(bytes + 48)};
	return (struct segment){.type = le32(bytes),
	    .offset = le32(bytes + 4),
	    .address = le32(bytes + 8),
	    .size = le32(bytes + 16),
	    .memory = le32(bytes + 20),
	    .flags = le32(bytes + 24),
	    .align = le32(bytes + 28)};
}

static int take_segments(struct elf *elf, const uint8_t *header)
{
	uint64_t table = elf->wide ? le64(header + 32) : le32(header + 28);
	const uint8_t *sizes = header + (elf->wide ? 54 : 42);
	const unsigned want = elf->wide ? PROGRAM_HEADER : PROGRAM_HEADER_32;
	unsigned size = le16(sizes), count = le16(sizes + 2);

	if (!count)
		return imagescan_fault(
		    elf->scan, "has no program headers: nothing of it is loaded");
	if (size != want)
		return imagescan_fault(
		    elf->scan, "has program headers of %u bytes instead of %u", size, want);
	if (count > HEADERS_MAX / want)
		return imagescan_fault(elf->scan, "has %u program headers; at most %u are loaded",
		    count, HEADERS_MAX / want);
	if (!imagescan_has(elf->scan, table, (uint64_t)count * want))
		return imagescan_fault(elf->scan,
		    "is cut short: %u program headers should be at byte %llu, but the file has "
		    "%llu bytes",
		    count, (unsigned long long)table, (unsigned long long)elf->scan->source->size);
	for (unsigned i = 0; i < count; i++) {
		uint8_t bytes[PROGRAM_HEADER];
		struct segment segment;

		if (imagescan_take(
			elf->scan, table + (uint64_t)i * want, bytes, want, "a program header") < 0)
			return -1;
		segment = segment_of(elf, bytes);
		if (take_segment(elf, &segment, i) < 0)
			return -1;
	}
	return 0;
}

/* Kernels from before PT_NOTE was usual have Xen's notes, or its older text, in sections only. A
 * table that can't be read is none: it isn't needed to run anything. */
static int take_sections(struct elf *elf, const uint8_t *header)
{
	struct imagescan *s = elf->scan;
	uint64_t table = le64(header + 40), names = 0;
	unsigned size = le16(header + 58), count = le16(header + 60), of_names = le16(header + 62);
	uint8_t section[SECTION_HEADER];

	if (size != SECTION_HEADER || of_names >= count ||
	    !imagescan_has(s, table, (uint64_t)count * SECTION_HEADER))
		return 0;
	if (imagescan_take(s, table + (uint64_t)of_names * SECTION_HEADER, section, sizeof section,
		"a section header") < 0)
		return -1;
	names = le64(section + 24);
	for (unsigned i = 0; i < count; i++) {
		char name[12];
		uint64_t offset, length;

		if (imagescan_take(s, table + (uint64_t)i * SECTION_HEADER, section, sizeof section,
			"a section header") < 0)
			return -1;
		offset = le64(section + 24);
		length = le64(section + 32);
		if (le32(section + 4) == SECTION_NOTE && imagescan_has(s, offset, length) &&
		    imagenote_scan(s, offset, length, le64(section + 48) == 8 ? 8 : 4) < 0)
			return -1;
		if (names <= s->source->size && imagescan_has(s, names + le32(section), 12) &&
		    imagescan_take(s, names + le32(section), name, sizeof name, "a name") == 0 &&
		    !memcmp(name, "__xen_guest", sizeof name))
			s->image->boot |= BOOT_XEN_PV;
	}
	return 0;
}

static int decide_solo5(struct elf *elf)
{
	static const char *const targets_of[] = {"hvt", "spt", "virtio", "xen"};
	struct imagescan *s = elf->scan;

	if (!s->has_abi)
		return imagescan_fault(s, "has a manifest of Solo5, but no ABI note");
	if (!s->has_manifest)
		return imagescan_fault(s,
		    "has an ABI note of Solo5 (%s, version %u), but no manifest: it was linked "
		    "without one",
		    s->image->solo5, s->image->abi);
	if (elf->type != TYPE_EXEC)
		return imagescan_fault(s,
		    "is a unikernel for %s that is position-independent, which nothing loads",
		    s->image->solo5);
	s->image->boot |= BOOT_SOLO5;
	for (size_t i = 0; i < COUNT_OF(targets_of); i++)
		if (!strcmp(s->image->solo5, targets_of[i]))
			s->image->target = targets_of[i];
	return 0;
}

static int decide_executable(struct elf *elf, const uint8_t *header)
{
	struct imagescan *s = elf->scan;
	const char *os = s->other_os ? s->other_os : system_name(header[7]);

	if (elf->fake_interpreter)
		return imagescan_fault(
		    s, "is marked as a unikernel for Solo5, but has neither ABI note nor manifest");
	if (elf->type == TYPE_DYN && !elf->interpreter && !elf->pie)
		return imagescan_fault(s, "is a shared library (.so), not a program");
	if (os)
		return imagescan_fault(s, "is a program for %s", os);
	if (!elf->entry_loads)
		return imagescan_fault(s,
		    "has its entry point at 0x%llx, where no code of it is loaded",
		    (unsigned long long)elf->entry);
	s->image->boot |= BOOT_EXECUTABLE;
	s->image->target = "unix-socket";
	return 0;
}

static int decide(struct elf *elf, const uint8_t *header, const struct multiboot *multiboot)
{
	struct image *image = elf->scan->image;

	if (elf->scan->has_abi || elf->scan->has_manifest)
		return decide_solo5(elf);
	if (elf->interpreter || !image->boot)
		return decide_executable(elf, header);
	if (image->boot & (BOOT_XEN_PVH | BOOT_XEN_PV))
		image->target = "xen";
	else if (multiboot->addresses && multiboot->for_qemu)
		image->target = "virtio"; /* QEMU takes 64-bit ELF with addresses only */
	return 0;
}

static int check_type(struct elf *elf)
{
	switch (elf->type) {
	case TYPE_EXEC:
	case TYPE_DYN:
		return 0;
	case TYPE_REL:
		return imagescan_fault(
		    elf->scan, "is an object file (.o) that is not linked yet, not a program");
	case TYPE_CORE:
		return imagescan_fault(elf->scan, "is a core dump, not a program");
	default:
		return imagescan_fault(elf->scan, "is an ELF file of unknown type %u", elf->type);
	}
}

static int check_machine(struct imagescan *s, unsigned machine)
{
	const char *name = machine_name(machine);

	if (machine == MACHINE_X86_64 || machine == MACHINE_AARCH64) {
		s->image->arch = name;
		return 0;
	}
	if (name)
		return imagescan_fault(
		    s, "is for %s processors; only x86_64 and aarch64 are known here", name);
	return imagescan_fault(s,
	    "is for processors of number %u (e_machine); only x86_64 and aarch64 are known here",
	    machine);
}

static int cut_short(struct imagescan *s, size_t length)
{
	return imagescan_fault(
	    s, "is cut short: an ELF header is %d bytes, but the file has %zu", ELF_HEADER, length);
}

/* 32 bits are what multiboot was made for, and what Xen's PVH begins with; everything else is a
 * program of another time. Multiboot needs no program headers where it has addresses. */
static int take_32(
    struct elf *elf, const uint8_t *first, size_t length, const struct multiboot *multiboot)
{
	struct imagescan *s = elf->scan;
	unsigned machine = le16(first + 18);
	const char *name = machine_name(machine);

	if (machine == MACHINE_386 && length < ELF_HEADER_32)
		return cut_short(s, length);
	if (machine == MACHINE_386 && le16(first + 44) && take_segments(elf, first) < 0)
		return -1;
	if (machine != MACHINE_386 || !s->image->boot || s->has_abi || s->has_manifest)
		return imagescan_fault(s, "is a 32-bit program (%s); only 64-bit ones are run here",
		    name ? name : "of an unknown processor");
	if (check_type(elf) < 0)
		return -1;
	s->image->arch = "x86_64";
	if (s->image->boot & (BOOT_XEN_PVH | BOOT_XEN_PV))
		s->image->target = "xen";
	else if (multiboot->for_qemu)
		s->image->target = "virtio";
	return 0;
}

/* Class and byte order come first: they say how the rest is to be read. */
static int check_ident(struct imagescan *s, const uint8_t *first, size_t length)
{
	if (length < 20)
		return cut_short(s, length);
	if (first[4] != 1 && first[4] != CLASS_64)
		return imagescan_fault(s, "is an ELF file of unknown class %u", first[4]);
	if (first[5] == 2)
		return imagescan_fault(s,
		    "is a big-endian %s-bit program; only little-endian ones are run here",
		    first[4] == CLASS_64 ? "64" : "32");
	if (first[5] != LITTLE_ENDIAN_DATA)
		return imagescan_fault(s, "is an ELF file of unknown byte order %u", first[5]);
	if (first[6] != 1)
		return imagescan_fault(s, "is an ELF file of unknown version %u", first[6]);
	return 0;
}

int imageelf_scan(
    struct imagescan *s, const uint8_t *first, size_t length, const struct multiboot *multiboot)
{
	struct elf elf = {.scan = s};

	if (check_ident(s, first, length) < 0)
		return -1;
	elf.wide = first[4] == CLASS_64;
	s->image->boot = multiboot_ways(multiboot);
	elf.type = le16(first + 16);
	if (first[4] != CLASS_64)
		return take_32(&elf, first, length, multiboot);
	if (check_machine(s, le16(first + 18)) < 0 || check_type(&elf) < 0)
		return -1;
	if (length < ELF_HEADER)
		return cut_short(s, length);
	elf.entry = le64(first + 24);
	if (take_segments(&elf, first) < 0)
		return -1;
	if (!s->has_abi && !s->has_manifest && !elf.interpreter &&
	    !(s->image->boot & (BOOT_XEN_PVH | BOOT_XEN_PV)) && take_sections(&elf, first) < 0)
		return -1;
	return decide(&elf, first, multiboot);
}
