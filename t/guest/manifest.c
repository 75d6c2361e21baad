/*
 * The notes that make a file a Solo5 unikernel, each in a section (and by guest.ld a program
 * header) of its own: ABI1 the target, MFT1 the devices, and one that has nothing to do with
 * either, as Solo5's own files have. GUEST_TARGET, GUEST_ABI and GUEST_DEVICES (in
 * t/guest/rules.mk) choose.
 */
#include "guest.h"

#define NOTE_HEADER \
	uint32_t name_size, size, type; \
	char name[8]
#define SECTION(name) __attribute__((used, section(name), aligned(4)))

#define NET(text) {.name = text, .type = NET_BASIC},
#define BLOCK(text) {.name = text, .type = BLOCK_BASIC},
#define DEVICES {.type = RESERVED_FIRST}, GUEST_DEVICES
enum { COUNT = sizeof((struct entry[]){DEVICES}) / sizeof(struct entry) };

static const struct {
	NOTE_HEADER;
	uint32_t target, version, reserved[2];
} abi SECTION(".note.solo5.abi") = {6, 16, NOTE_ABI1, "Solo5", GUEST_TARGET, GUEST_ABI, {0}};

/* The descriptor begins with four bytes that align the manifest. Constant only by name, as sections
 * of notes have to be: guest.ld has it where virtio can fill it in. */
static const struct {
	NOTE_HEADER;
	uint32_t padding, version, entries;
	struct entry entry[COUNT];
} manifest SECTION(".note.solo5.manifest") = {
    6, 12 + COUNT * sizeof(struct entry), NOTE_MFT1, "Solo5", 0, 1, COUNT, {DEVICES}};

static const struct {
	NOTE_HEADER;
	uint32_t data;
} other SECTION(".note.solo5.not_openbsd") = {8, 4, 1, "OpenBSD", 0};

/* No kernel's loader is to take it for a program. */
static const char interpreter[] SECTION(".interp") = "/nonexistent/solo5/";

_Static_assert(sizeof(struct entry) == 104, "entry");

struct manifest *const manifest_built_in = (struct manifest *)&manifest.version;

struct entry *manifest_first(struct manifest *list, uint32_t type, uint64_t *handle)
{
	for (uint32_t i = 0; i < list->entries; i++)
		if (list->entry[i].type == type) {
			*handle = i;
			return &list->entry[i];
		}
	return NULL;
}
