/*
 * The parts of image_parse (model/image.h): what they share while one file is looked at. Nothing
 * reads the file but imagescan_take, which checks every offset and length against its size.
 */
#ifndef MIRARI_MODEL_IMAGESCAN_H
#define MIRARI_MODEL_IMAGESCAN_H

#include "core/attr.h"
#include "core/fault.h"
#include "model/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imagescan {
	const struct image_source *source;
	const char *name;
	struct image *image;
	struct fault *fault;

	bool has_abi, has_manifest; /* Solo5's notes */
	const char *other_os;       /* another system's, when a note says that it is for that */
	size_t notes;               /* how many were looked at */
};

/* A multiboot header. */
struct multiboot {
	bool found, found2; /* version 1's, and version 2's */
	bool for_qemu;      /* version 1's is where QEMU's loader looks, too */
	bool addresses;     /* version 1's has load addresses, and they make sense */
};

/* The ways to start it that these are, of enum image_boot. */
static inline unsigned multiboot_ways(const struct multiboot *m)
{
	return (m->found ? BOOT_MULTIBOOT : 0) | (m->found2 ? BOOT_MULTIBOOT2 : 0);
}

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* True when that many bytes are there. */
bool imagescan_has(const struct imagescan *s, uint64_t offset, uint64_t length);

/* Copies them; `what` they are is for the message when the file ends before. */
int imagescan_take(
    struct imagescan *s, uint64_t offset, void *into, size_t length, const char *what) A_MUST_CHECK;

/* EX_DATAERR, with the file's name in front. */
int imagescan_fault(struct imagescan *s, const char *format, ...) A_PRINTF(2, 3);

/* An ELF file; `first` is what it begins with, at least 20 bytes. */
int imageelf_scan(struct imagescan *s, const uint8_t *first, size_t length,
    const struct multiboot *multiboot) A_MUST_CHECK;

/* The notes in these bytes of an ELF file, padded to multiples of `align` (4 or 8). */
int imagenote_scan(
    struct imagescan *s, uint64_t offset, uint64_t length, uint64_t align) A_MUST_CHECK;

/* Looks for multiboot headers in what a file begins with. */
struct multiboot imagemagic_multiboot(const uint8_t *first, size_t length);

/* A file that is neither ELF nor multiboot: says what it is. Always -1. */
int imagemagic_explain(struct imagescan *s, const uint8_t *first, size_t length);

#endif
