#include "render/ociimage.h"

#include "model/artifact.h"
#include "render/guestargs.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

void ociimage_free(struct ociimage *o)
{
	buf_free(&o->name);
	buf_free(&o->binary);
	buf_free(&o->block);
	buf_free(&o->block_source);
	strv_free(&o->arguments);
	strv_free(&o->notes);
}

/* urunc takes no other characters in a path. */
static void add_plain(struct buf *into, const char *name)
{
	for (; *name; name++)
		buf_addc(into, strchr(LETTERS DIGITS "._-", *name) ? *name : '_');
}

/* The record's, or that of the file, less what tells its target. */
static void take_name(struct ociimage *o, const char *path, const struct rec *record)
{
	const char *name = rec_get(record, "name"), *base = strrchr(path, '/'), *end;

	if (name) {
		buf_adds(&o->name, name);
		return;
	}
	base = base ? base + 1 : path;
	end = strrchr(base, '.');
	buf_add(&o->name, base, end && end != base ? (size_t)(end - base) : strlen(base));
}

static int take_target(
    struct ociimage *o, const struct image *image, const char *path, struct fault *fault)
{
	static const char *const pairs[][2] = {{"hvt", "hvt"}, {"spt", "spt"}, {"virtio", "qemu"}};

	for (size_t i = 0; image->target && i < COUNT_OF(pairs); i++)
		if (!strcmp(image->target, pairs[i][0]))
			o->hypervisor = pairs[i][1];
	if (!o->hypervisor)
		return fault_set(fault, EX_DATAERR,
		    "%s: is for %s; urunc starts unikernels for hvt, spt and virtio only", path,
		    image_target_text(image));
	o->architecture = !strcmp(image->arch, "aarch64") ? "arm64" : "amd64";
	return 0;
}

/* urunc attaches one network device, always, and one block device if the image has its content. */
static void take_devices(struct ociimage *o, const struct image *image, const struct rec *record)
{
	size_t nets = 0, blocks = 0;

	for (size_t i = 0; i < image->device_count; i++) {
		const struct image_device *device = &image->devices[i];
		char key[IMAGE_DEVICE_NAME_MAX + 16];
		const char *path;

		if (device->type == DEVICE_NET_BASIC) {
			nets++;
			o->net = o->net ? o->net : device->name;
			continue;
		}
		blocks++;
		if (o->block_dev)
			continue;
		o->block_dev = device->name;
		snprintf(key, sizeof key, "block.%s.path", device->name);
		path = rec_get(record, key);
		if (path) {
			record_path(record, path, &o->block_source);
			buf_printf(&o->block, "unikernel/%s.block", device->name);
		} else {
			strv_addf(&o->notes,
			    "there is no content for the block device %s: --set %s=FILE",
			    device->name, key);
		}
	}
	if (image->solo5 && !nets)
		strv_add(&o->notes,
		    "it has no network device, but urunc attaches one wherever there is a network");
	if (nets > 1)
		strv_addf(&o->notes, "it has %zu network devices; urunc attaches one", nets);
	if (blocks > 1)
		strv_addf(&o->notes, "it has %zu block devices; urunc attaches one", blocks);
}

int ociimage_plan(struct ociimage *o, const struct image *image, const char *path,
    const struct rec *record, const char *reference, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};

	o->reference = reference;
	take_name(o, path, record);
	if (take_target(o, image, path, fault) < 0)
		return -1;
	take_devices(o, image, record);
	buf_adds(&o->binary, "unikernel/");
	add_plain(&o->binary, buf_str(&o->name));
	buf_printf(&o->binary, ".%s", image->target);
	rec_get_all(record, "arg", &arguments);
	return guestargs_escape(&arguments, &o->arguments, fault);
}

const char *ociimage_reference_problem(const char *reference)
{
	const char *name = strrchr(reference, '/');

	if (!*reference || strspn(reference, LETTERS DIGITS "._/:@-") != strlen(reference))
		return "has a character other than letters, digits and ._/:@-";
	if (!strchr(LETTERS DIGITS, reference[0]) || strstr(reference, "//") ||
	    reference[strlen(reference) - 1] == '/')
		return "has an empty part";
	if (strlen(reference) > 255)
		return "is longer than 255 bytes";
	if (strchr(reference, '@'))
		return "has a digest, which is not known before the image is made";
	name = name ? name + 1 : reference;
	name += strcspn(name, ":");
	if (*name == ':' && (!name[1] || strchr(name + 1, ':')))
		return "has an empty or second tag";
	return NULL;
}
