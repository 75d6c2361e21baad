/*
 * What a file is that could be run: read from its bytes, which nobody vouches for. 64-bit
 * little-endian ELF, for x86_64 and aarch64; ELF of 32 bits with Xen's notes or a multiboot header;
 * multiboot headers in flat files.
 *
 * Sources: System V ABI, gABI chapters 4 and 5 (ELF header, program headers, notes); Solo5's
 * include/solo5/elf_abi.h and mft_abi.h (notes "Solo5" of types ABI1 and MFT1); Xen's
 * public/elfnote.h (notes "Xen"); Multiboot 0.6.96, section 3.1, and Multiboot2 2.0, section 3.1.
 */
#ifndef MIRARI_MODEL_IMAGE_H
#define MIRARI_MODEL_IMAGE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"

#include <stddef.h>
#include <stdint.h>

/* Ways to start it; a file may have several. */
enum image_boot {
	BOOT_SOLO5 = 1,       /* by a tender, or QEMU, as its ABI note says */
	BOOT_XEN_PVH = 2,     /* XEN_ELFNOTE_PHYS32_ENTRY */
	BOOT_XEN_PV = 4,      /* XEN_ELFNOTE_ENTRY, or an older __xen_guest section */
	BOOT_MULTIBOOT = 8,   /* QEMU's -kernel, GRUB */
	BOOT_MULTIBOOT2 = 16, /* GRUB */
	BOOT_EXECUTABLE = 32  /* an ordinary program of this system: it has an interpreter, or no
				 notes and no header of the others */
};

enum {
	IMAGE_DEVICES_MAX = 63,    /* MFT_MAX_ENTRIES, less the reserved first one */
	IMAGE_DEVICE_NAME_MAX = 67 /* MFT_NAME_MAX */
};

enum image_device_type { DEVICE_BLOCK_BASIC = 1, DEVICE_NET_BASIC = 2 };

struct image_device {
	char name[IMAGE_DEVICE_NAME_MAX + 1]; /* [A-Za-z0-9]+ */
	enum image_device_type type;
};

struct image {
	unsigned boot;      /* of enum image_boot */
	const char *arch;   /* "x86_64" or "aarch64"; kernels of 32 bits start on an x86_64, too */
	const char *target; /* of targets[]: what it is to be run as; NULL when none of ours fits (a
			       muen or genode unikernel, multiboot2 alone, a multiboot header that
			       QEMU can't use) */
	const char *solo5;  /* what its ABI note says: "hvt", …, "muen"; NULL without one */
	uint32_t abi;       /* the note's version */
	struct image_device devices[IMAGE_DEVICES_MAX];
	size_t device_count;
	uint64_t end; /* the first address behind all that is loaded; 0 if that isn't known */
};

/* Where the bytes come from, for a file that is too large to be read whole. */
struct image_source {
	uint64_t size;
	/* Reads bytes that lie within the size, or returns -1 and says why. */
	int (*read)(void *context, uint64_t offset, void *into, size_t length, const char *name,
	    struct fault *fault);
	void *context; /* borrowed */
};

/* EX_DATAERR says what is wrong, and where; `name` is for the message. What was found until then is
 * left in *into, for who wants more than the message. */
int image_parse_source(const struct image_source *source, const char *name, struct image *into,
    struct fault *fault) A_MUST_CHECK;

/* The same for bytes in memory. */
int image_parse(const void *bytes, size_t size, const char *name, struct image *into,
    struct fault *fault) A_MUST_CHECK;

/* What it is for, in a message: its target; else what its ABI note says. Never NULL. */
const char *image_target_text(const struct image *image);

/* Appends target, abi, arch, boot, and device.N.name and device.N.type. */
int image_write(const struct image *image, struct rec *into, struct fault *fault) A_MUST_CHECK;

#endif
