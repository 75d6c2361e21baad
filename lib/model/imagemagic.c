/* What a file begins with: Multiboot 0.6.96 section 3.1, Multiboot2 2.0 section 3.1, and the marks
 * of formats that people take for a unikernel. */
#include "model/imagescan.h"

#include "core/buf.h"
#include "core/utf8.h"

#include <string.h>

enum {
	MULTIBOOT_RANGE = 8192,
	MULTIBOOT_HEADER = 12,         /* without what its flags don't say is there */
	MULTIBOOT_TO_ENTRY = 32,       /* with addresses */
	MULTIBOOT_QEMU = 8192 - 48,    /* hw/i386/multiboot.c: it begins before that */
	MULTIBOOT_ADDRESSES = 1 << 16, /* flag: the header has load addresses */
	MULTIBOOT2_RANGE = 32768,
	MULTIBOOT2_HEADER = 16,
};
#define MULTIBOOT_MAGIC 0x1badb002u
#define MULTIBOOT2_MAGIC 0xe85250d6u

/* As QEMU's loader wants them: header, load, load end, bss end, entry. */
static bool addresses_fit(const uint8_t *header, size_t offset)
{
	uint32_t own = le32(header + 12), load = le32(header + 16), end = le32(header + 20),
		 bss = le32(header + 24);

	return (le32(header + 4) & MULTIBOOT_ADDRESSES) && own >= load && own - load <= offset &&
	       (!end || (end > load && (!bss || bss >= end)));
}

struct multiboot imagemagic_multiboot(const uint8_t *first, size_t length)
{
	struct multiboot result = {0};

	for (size_t i = 0;
	     i + MULTIBOOT_HEADER <= length && i + MULTIBOOT_HEADER <= MULTIBOOT_RANGE; i += 4) {
		const uint8_t *at = first + i;

		if (le32(at) != MULTIBOOT_MAGIC || le32(at) + le32(at + 4) + le32(at + 8) != 0)
			continue;
		result.found = true;
		result.for_qemu = i < MULTIBOOT_QEMU;
		result.addresses = i + MULTIBOOT_TO_ENTRY <= length &&
				   i + MULTIBOOT_TO_ENTRY <= MULTIBOOT_RANGE &&
				   addresses_fit(at, i);
		break;
	}
	for (size_t i = 0;
	     i + MULTIBOOT2_HEADER <= length && i + MULTIBOOT2_HEADER <= MULTIBOOT2_RANGE; i += 8) {
		const uint8_t *at = first + i;

		if (le32(at) == MULTIBOOT2_MAGIC &&
		    le32(at) + le32(at + 4) + le32(at + 8) + le32(at + 12) == 0)
			result.found2 = true;
	}
	return result;
}

/* In the order in which they are tried: a Linux kernel may be a Windows program, too. */
static const struct {
	size_t offset;
	size_t length;
	const char *bytes;
	const char *what;
} marks[] = {
    {0x202, 4, "HdrS", "is a Linux kernel (bzImage), not a unikernel"},
    {56, 4, "ARM\x64", "is a Linux kernel (Image, for aarch64), not a unikernel"},
    {0, 2, "MZ", "is a program for DOS, Windows or UEFI (PE)"},
    {0, 4, "\xfe\xed\xfa\xce", "is a program for macOS (Mach-O)"},
    {0, 4, "\xfe\xed\xfa\xcf", "is a program for macOS (Mach-O)"},
    {0, 4, "\xce\xfa\xed\xfe", "is a program for macOS (Mach-O)"},
    {0, 4, "\xcf\xfa\xed\xfe", "is a program for macOS (Mach-O)"},
    {0, 4, "\xca\xfe\xba\xbe", "is a program for macOS (Mach-O, for several processors) or Java"},
    {0, 2, "\x1f\x8b", "is compressed by gzip: unpack it first, with gunzip"},
    {0, 6,
	"\xfd"
	"7zXZ\0",
	"is compressed by xz: unpack it first, with unxz"},
    {0, 4, "\x28\xb5\x2f\xfd", "is compressed by zstd: unpack it first, with unzstd"},
    {0, 3, "BZh", "is compressed by bzip2: unpack it first, with bunzip2"},
    {0, 4, "PK\3\4", "is a zip archive"},
    {0, 8, "!<arch>\n", "is a library (.a) or Debian package, not a program"},
    {257, 5, "ustar", "is a tar archive"},
    {0, 4, "QFI\xfb", "is a disk image (qcow2), not a unikernel"},
    {0x8001, 5, "CD001", "is a CD image, not a unikernel"},
    {0, 8, "Caml1999", "is compiled OCaml that is not linked to a program"},
    {0, 4, "\0asm", "is a WebAssembly module"},
    {0, 4, "BC\xc0\xde", "is LLVM bitcode, not linked to a program"},
    {510, 2, "\x55\xaa", "is a disk image (it begins with a boot sector), not a unikernel"},
};

/* The first line of a script, as far as it is worth a message. */
static int explain_script(struct imagescan *s, const uint8_t *first, size_t length)
{
	int end = 2;

	while ((size_t)end < length && end < 60 && first[end] >= ' ')
		end++;
	return imagescan_fault(s, "is a script (%.*s), not machine code", end, (const char *)first);
}

/* The last character may be cut. */
static bool is_text(const uint8_t *first, size_t length)
{
	size_t cut = length < 4 ? 0 : 3;

	for (size_t i = 0; i < length; i++)
		if (!first[i] || (first[i] < ' ' && !strchr("\t\n\v\f\r\b\033", first[i])))
			return false;
	for (size_t less = 0; less <= cut; less++)
		if (utf8_valid((const char *)first, length - less))
			return true;
	return false;
}

int imagemagic_explain(struct imagescan *s, const uint8_t *first, size_t length)
{
	struct buf begin A_CLEANUP(buf_free) = {0};
	bool zeros = true;

	if (length < 4 && !memcmp(first, "\177ELF", length))
		return imagescan_fault(s, "is cut short: the file has %zu bytes", length);
	if (length > 2 && !memcmp(first, "#!", 2))
		return explain_script(s, first, length);
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (imagescan_has(s, marks[i].offset, marks[i].length) &&
		    marks[i].offset + marks[i].length <= length &&
		    !memcmp(first + marks[i].offset, marks[i].bytes, marks[i].length))
			return imagescan_fault(s, "%s", marks[i].what);
	if (length > 512)
		length = 512;
	if (is_text(first, length))
		return imagescan_fault(s, "is text, not a unikernel");
	for (size_t i = 0; i < length; i++)
		zeros = zeros && !first[i];
	if (zeros)
		return imagescan_fault(s, "begins with zeros: it is no unikernel, and no program");
	for (size_t i = 0; i < length && i < 8; i++)
		buf_printf(&begin, " %02x", first[i]);
	return imagescan_fault(s,
	    "is neither an ELF file nor a multiboot one: it begins with the bytes%s",
	    buf_str(&begin));
}
