#include "model/image.h"

#include "model/imagescan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 32768 /* where a multiboot2 header may be */ };

bool imagescan_has(const struct imagescan *s, uint64_t offset, uint64_t length)
{
	return offset <= s->source->size && length <= s->source->size - offset;
}

int imagescan_take(
    struct imagescan *s, uint64_t offset, void *into, size_t length, const char *what)
{
	if (!imagescan_has(s, offset, length))
		return imagescan_fault(s,
		    "is cut short: %s should be %zu bytes at byte %llu, but the file has %llu",
		    what, length, (unsigned long long)offset, (unsigned long long)s->source->size);
	if (!length)
		return 0;
	return s->source->read(s->source->context, offset, into, length, s->name, s->fault);
}

int imagescan_fault(struct imagescan *s, const char *format, ...)
{
	char text[sizeof s->fault->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return fault_set(s->fault, EX_DATAERR, "%s: %s", s->name, text);
}

/* No ELF file, but multiboot's loaders read flat ones, too, if the header says where to. */
static int take_flat(struct imagescan *s, const struct multiboot *multiboot)
{
	struct image *image = s->image;

	if (multiboot->found && !multiboot->addresses)
		return imagescan_fault(s,
		    "has a multiboot header without usable addresses, and is no ELF file, so that "
		    "nothing says where it is to be loaded");
	image->arch = "x86_64";
	image->boot = multiboot_ways(multiboot);
	image->target = multiboot->found && multiboot->for_qemu ? "virtio" : NULL;
	return 0;
}

int image_parse_source(
    const struct image_source *source, const char *name, struct image *into, struct fault *fault)
{
	struct imagescan s = {.source = source, .name = name, .image = into, .fault = fault};
	size_t length = source->size < FIRST_BYTES ? (size_t)source->size : FIRST_BYTES;
	struct multiboot multiboot;
	uint8_t first[FIRST_BYTES];

	memset(into, 0, sizeof *into);
	if (!length)
		return imagescan_fault(&s, "is empty");
	if (imagescan_take(&s, 0, first, length, "the file") < 0)
		return -1;
	multiboot = imagemagic_multiboot(first, length);
	if (length >= 4 && !memcmp(first, "\177ELF", 4))
		return imageelf_scan(&s, first, length, &multiboot);
	if (multiboot.found || multiboot.found2)
		return take_flat(&s, &multiboot);
	return imagemagic_explain(&s, first, length);
}

static int read_memory(void *context, uint64_t offset, void *into, size_t length, const char *name,
    struct fault *fault)
{
	const uint8_t *bytes = context;

	(void)name, (void)fault; /* it can't fail */
	memcpy(into, bytes + offset, length);
	return 0;
}

int image_parse(
    const void *bytes, size_t size, const char *name, struct image *into, struct fault *fault)
{
	struct image_source source = {
	    .size = size, .read = read_memory, .context = (void *)(uintptr_t)bytes};

	return image_parse_source(&source, name, into, fault);
}

const char *image_target_text(const struct image *image)
{
	if (image->target)
		return image->target;
	return image->solo5 ? image->solo5 : "no target of ours";
}

static const struct {
	enum image_boot bit;
	const char *name;
} boots[] = {
    {BOOT_SOLO5, "solo5"},
    {BOOT_XEN_PVH, "xen-pvh"},
    {BOOT_XEN_PV, "xen-pv"},
    {BOOT_MULTIBOOT, "multiboot"},
    {BOOT_MULTIBOOT2, "multiboot2"},
    {BOOT_EXECUTABLE, "executable"},
};

static int add_device(
    const struct image_device *device, size_t number, struct rec *into, struct fault *fault)
{
	char key[48];

	snprintf(key, sizeof key, "device.%zu.name", number);
	if (rec_add(into, key, device->name, fault) < 0)
		return -1;
	snprintf(key, sizeof key, "device.%zu.type", number);
	return rec_add(
	    into, key, device->type == DEVICE_NET_BASIC ? "NET_BASIC" : "BLOCK_BASIC", fault);
}

int image_write(const struct image *image, struct rec *into, struct fault *fault)
{
	char number[16];

	if (image->target && rec_add(into, "target", image->target, fault) < 0)
		return -1;
	snprintf(number, sizeof number, "%u", image->abi);
	if (image->solo5 && rec_add(into, "abi", number, fault) < 0)
		return -1;
	if (rec_add(into, "arch", image->arch, fault) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(boots); i++)
		if ((image->boot & boots[i].bit) && rec_add(into, "boot", boots[i].name, fault) < 0)
			return -1;
	for (size_t i = 0; i < image->device_count; i++)
		if (add_device(&image->devices[i], i, into, fault) < 0)
			return -1;
	return 0;
}
