/* Notes of ELF files: gABI chapter 5, "Note Section". */
#include "model/imagescan.h"

#include <ctype.h>
#include <string.h>

enum {
	NOTE_HEADER = 12,
	NOTE_NAME_MAX = 8, /* of the names that we know, with their NUL */
	NOTES_MAX = 4096,  /* far more than any linker makes */

	ABI1 = 0x31494241, /* "ABI1" */
	ABI_SIZE = 16,
	MFT1 = 0x3154464d, /* "MFT1" */
	MFT_PADDING = 4,   /* struct mft is aligned to 8, the note's header is 20 bytes */
	MFT_HEADER = MFT_PADDING + 8,
	MFT_ENTRY = 104,
	MFT_NAME = IMAGE_DEVICE_NAME_MAX + 1,
	MFT_ENTRIES_MAX = IMAGE_DEVICES_MAX + 1,
	MFT_RESERVED_FIRST = 1 << 30,

	XEN_ENTRY = 1,
	XEN_PHYS32_ENTRY = 18,
};

struct note {
	uint32_t type;
	uint64_t at; /* of what it describes, in the file */
	uint64_t length;
};

static int take_abi(struct imagescan *s, const struct note *note)
{
	static const char *const names[] = {NULL, "hvt", "spt", "virtio", "muen", "genode", "xen"};
	uint8_t abi[ABI_SIZE];
	uint32_t target;

	if (s->has_abi)
		return imagescan_fault(s, "has two ABI notes of Solo5");
	s->has_abi = true;
	if (note->length != ABI_SIZE)
		return imagescan_fault(s, "has an ABI note of Solo5 of %llu bytes instead of %d",
		    (unsigned long long)note->length, ABI_SIZE);
	if (imagescan_take(s, note->at, abi, sizeof abi, "Solo5's ABI note") < 0)
		return -1;
	target = le32(abi);
	if (target >= COUNT_OF(names) || !names[target])
		return imagescan_fault(s,
		    "has an ABI note of Solo5 for target %u, which is none that is known here",
		    target);
	s->image->solo5 = names[target];
	s->image->abi = le32(abi + 4);
	return 0;
}

/* What is wrong with a name; NULL for nothing. */
static const char *name_problem(const char *name)
{
	if (!memchr(name, '\0', MFT_NAME))
		return "has a name that doesn't end";
	if (!*name)
		return "has no name";
	for (; *name; name++)
		if (!isascii((unsigned char)*name) || !isalnum((unsigned char)*name))
			return "has a name of other characters than letters and digits";
	return NULL;
}

static int take_device(struct imagescan *s, const uint8_t *entry, uint32_t number)
{
	struct image *image = s->image;
	struct image_device *device = &image->devices[image->device_count];
	uint32_t type = le32(entry + MFT_NAME);
	const char *problem = name_problem((const char *)entry);

	if (problem)
		return imagescan_fault(s, "bad manifest: entry %u %s", number, problem);
	memcpy(device->name, entry, MFT_NAME);
	if (type != DEVICE_BLOCK_BASIC && type != DEVICE_NET_BASIC)
		return imagescan_fault(s,
		    "bad manifest: device %s has type %u, which is neither BLOCK_BASIC (1) nor "
		    "NET_BASIC (2)",
		    device->name, type);
	if (entry[96])
		return imagescan_fault(
		    s, "bad manifest: device %s is marked as attached already", device->name);
	for (size_t i = 0; i < image->device_count; i++)
		if (!strcmp(image->devices[i].name, device->name))
			return imagescan_fault(
			    s, "bad manifest: two devices are called %s", device->name);
	device->type = (enum image_device_type)type;
	image->device_count++;
	return 0;
}

static int check_manifest(
    struct imagescan *s, const struct note *note, const uint8_t *header, uint32_t *entries)
{
	uint32_t version = le32(header + MFT_PADDING);
	uint64_t want;

	*entries = le32(header + MFT_PADDING + 4);
	want = MFT_HEADER + (uint64_t)*entries * MFT_ENTRY;
	if (version != 1)
		return imagescan_fault(
		    s, "bad manifest: its version is %u; only 1 is known here", version);
	if (!*entries)
		return imagescan_fault(
		    s, "bad manifest: it has no entries, not even the reserved first one");
	if (*entries > MFT_ENTRIES_MAX)
		return imagescan_fault(s, "bad manifest: it has %u entries; at most %d are allowed",
		    *entries, MFT_ENTRIES_MAX);
	if (note->length != want)
		return imagescan_fault(s,
		    "bad manifest: %u entries are %llu bytes, but the note has %llu", *entries,
		    (unsigned long long)want, (unsigned long long)note->length);
	return 0;
}

static int take_manifest(struct imagescan *s, const struct note *note)
{
	uint8_t bytes[MFT_ENTRY];
	uint32_t entries;

	if (s->has_manifest)
		return imagescan_fault(s, "has two manifests");
	s->has_manifest = true;
	if (note->length < MFT_HEADER)
		return imagescan_fault(s, "bad manifest: the note is %llu bytes, too few for one",
		    (unsigned long long)note->length);
	if (imagescan_take(s, note->at, bytes, MFT_HEADER, "the manifest") < 0 ||
	    check_manifest(s, note, bytes, &entries) < 0)
		return -1;
	for (uint32_t i = 0; i < entries; i++) {
		if (imagescan_take(s, note->at + MFT_HEADER + i * MFT_ENTRY, bytes, sizeof bytes,
			"the manifest") < 0)
			return -1;
		if (i == 0 && (le32(bytes + MFT_NAME) != MFT_RESERVED_FIRST || bytes[0]))
			return imagescan_fault(
			    s, "bad manifest: its first entry is not the reserved one");
		if (i > 0 && take_device(s, bytes, i) < 0)
			return -1;
	}
	return 0;
}

static int take_xen(struct imagescan *s, const struct note *note)
{
	bool pointer = note->length == 4 || note->length == 8;

	if (note->type == XEN_PHYS32_ENTRY && pointer)
		s->image->boot |= BOOT_XEN_PVH;
	if (note->type == XEN_ENTRY && pointer)
		s->image->boot |= BOOT_XEN_PV;
	return 0;
}

static int take_note(struct imagescan *s, const struct note *note, const char *owner)
{
	static const char *const systems[] = {"OpenBSD", "NetBSD", "FreeBSD"};

	if (!strcmp(owner, "Solo5") && note->type == ABI1)
		return take_abi(s, note);
	if (!strcmp(owner, "Solo5") && note->type == MFT1)
		return take_manifest(s, note);
	if (!strcmp(owner, "Xen"))
		return take_xen(s, note);
	for (size_t i = 0; i < COUNT_OF(systems); i++)
		if (!strcmp(owner, systems[i]) && note->type == 1)
			s->other_os = systems[i];
	return 0;
}

/* Linkers pad notes to 4 bytes also where the segment is aligned to more, except to 8. */
int imagenote_scan(struct imagescan *s, uint64_t offset, uint64_t length, uint64_t align)
{
	const uint64_t mask = align - 1;
	uint64_t at = 0;

	while (length - at >= NOTE_HEADER) {
		uint8_t header[NOTE_HEADER];
		char owner[NOTE_NAME_MAX + 1] = "";
		uint64_t name_size, name_end;
		struct note note;

		if (++s->notes > NOTES_MAX)
			return imagescan_fault(s, "has more than %d notes", NOTES_MAX);
		if (imagescan_take(s, offset + at, header, sizeof header, "a note") < 0)
			return -1;
		name_size = le32(header);
		note = (struct note){.length = le32(header + 4), .type = le32(header + 8)};
		name_end = at + NOTE_HEADER + name_size;
		note.at = offset + ((name_end + mask) & ~mask);
		if (note.at - offset > length || note.length > length - (note.at - offset))
			return imagescan_fault(s,
			    "has a note at byte %llu that is larger than its segment",
			    (unsigned long long)(offset + at));
		if (name_size && name_size <= NOTE_NAME_MAX &&
		    imagescan_take(s, offset + at + NOTE_HEADER, owner, name_size, "a note") < 0)
			return -1;
		if (take_note(s, &note, owner) < 0)
			return -1;
		at = ((note.at - offset + note.length) + mask) & ~mask;
		if (at > length)
			break;
	}
	return 0;
}
