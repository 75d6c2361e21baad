/*
 * Small files as image_parse (model/image.h) takes them, made byte by byte: every part is where the
 * test put it, and is as small as it can be, so that each truncation and each bit can be tried.
 */
#ifndef MIRARI_T_ELFSAMPLE_H
#define MIRARI_T_ELFSAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_MAX = 16384,
	ELF_TYPE = 16,
	ELF_MACHINE = 18,
	ELF_ENTRY = 24,
	ELF_SECTIONS = 40,
	ELF_HEADERS = 64,
	HEADER_SIZE = 56,
	ENTRY_POINT = 0x100000,
	EM_I386 = 3,
	EM_AMD64 = 62,
	EM_ARM64 = 183,
	PT_LOADED = 1,
	PT_DYN = 2,
	PT_INTERPRETER = 3,
	PT_NOTES = 4,
	BLOCK_DEVICE = 1,
	NET_DEVICE = 2
};

struct sample {
	uint8_t bytes[SAMPLE_MAX];
	size_t size;
	unsigned headers; /* program headers that have been used */
};

static inline void put_le(struct sample *s, size_t at, size_t width, uint64_t value)
{
	for (size_t i = 0; i < width; i++)
		s->bytes[at + i] = (uint8_t)(value >> 8 * i);
	if (s->size < at + width)
		s->size = at + width;
}

static inline size_t append(struct sample *s, const void *bytes, size_t length)
{
	size_t at = s->size;

	if (length > SAMPLE_MAX - at) {
		fprintf(stderr, "sample is too large\n");
		exit(EXIT_FAILURE);
	}
	memcpy(s->bytes + at, bytes, length);
	s->size += length;
	return at;
}

/* An ELF64 header with room for `headers` program headers, of which the first loads code at the
 * entry point. */
static inline void start_elf(struct sample *s, unsigned type, unsigned machine, unsigned headers)
{
	*s = (struct sample){.size = 0};
	append(s, "\177ELF\2\1\1", 8);
	put_le(s, ELF_TYPE, 2, type);
	put_le(s, ELF_MACHINE, 2, machine);
	put_le(s, 20, 4, 1);
	put_le(s, ELF_ENTRY, 8, ENTRY_POINT);
	put_le(s, 32, 8, ELF_HEADERS);
	put_le(s, 52, 2, 64);
	put_le(s, 54, 2, HEADER_SIZE);
	put_le(s, 56, 2, headers);
	put_le(s, 58, 2, 64);
	put_le(s, ELF_HEADERS + headers * HEADER_SIZE - 1, 1, 0);
}

static inline void add_segment(
    struct sample *s, unsigned type, uint64_t offset, uint64_t size, uint64_t align)
{
	size_t at = ELF_HEADERS + s->headers++ * HEADER_SIZE;

	put_le(s, at, 4, type);
	put_le(s, at + 4, 4, 5);
	put_le(s, at + 8, 8, offset);
	put_le(s, at + 16, 8, ENTRY_POINT);
	put_le(s, at + 32, 8, size);
	put_le(s, at + 40, 8, size);
	put_le(s, at + 48, 8, align);
}

/* Code, loaded. */
static inline void add_code(struct sample *s)
{
	size_t at = append(s, "\xf4\xeb\xfd\x90", 4);

	add_segment(s, PT_LOADED, at, 4, 4);
}

/* A note in a segment of its own; returns where what it describes begins. */
static inline size_t add_note(
    struct sample *s, const char *owner, uint32_t type, const void *bytes, size_t length)
{
	size_t name = strlen(owner) + 1, start = (s->size + 3) & ~(size_t)3, at;

	put_le(s, start, 4, name);
	put_le(s, start + 4, 4, length);
	put_le(s, start + 8, 4, type);
	append(s, owner, name);
	put_le(s, ((s->size + 3) & ~(size_t)3) - 1, 1, 0);
	at = append(s, bytes, length);
	add_segment(s, PT_NOTES, start, s->size - start, 4);
	return at;
}

static inline size_t add_abi(struct sample *s, uint32_t target, uint32_t version)
{
	uint8_t abi[16] = {(uint8_t)target, 0, 0, 0, (uint8_t)version};

	return add_note(s, "Solo5", 0x31494241, abi, sizeof abi);
}

struct sample_device {
	const char *name;
	uint32_t type;
};

/* Returns where the manifest's version is; its first entry is 8 bytes behind. */
static inline size_t add_manifest(
    struct sample *s, const struct sample_device *devices, size_t count)
{
	uint8_t manifest[4 + 8 + 64 * 104] = {[4] = 1, [8] = (uint8_t)(count + 1), [83] = 0x40};

	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = manifest + 12 + 104 * (i + 1);

		memcpy(entry, devices[i].name, strlen(devices[i].name));
		entry[68] = (uint8_t)devices[i].type;
	}
	return 4 + add_note(s, "Solo5", 0x3154464d, manifest, 12 + 104 * (count + 1));
}

/* A unikernel: returns where its manifest is. */
static inline size_t make_solo5(struct sample *s, unsigned machine, uint32_t target,
    uint32_t version, const struct sample_device *devices, size_t count)
{
	size_t interpreter;

	start_elf(s, 2, machine, 4);
	interpreter = append(s, "/nonexistent/solo5/\0\0\0\0", 24);
	add_segment(s, PT_INTERPRETER, interpreter, 24, 8);
	add_code(s);
	add_abi(s, target, version);
	return add_manifest(s, devices, count);
}

/* A multiboot header with addresses, for a file that is loaded whole. */
static inline void add_multiboot(struct sample *s, size_t at, uint32_t flags)
{
	uint32_t load = 0x100000;

	put_le(s, at, 4, 0x1badb002);
	put_le(s, at + 4, 4, flags);
	put_le(s, at + 8, 4, (uint32_t) - (0x1badb002 + flags));
	put_le(s, at + 12, 4, load + at);
	put_le(s, at + 16, 4, load);
	put_le(s, at + 20, 4, 0);
	put_le(s, at + 24, 4, 0);
	put_le(s, at + 28, 4, load + at + 48);
	put_le(s, at + 47, 1, 0);
}

#endif
