#include "model/attach.h"

#include "core/buf.h"

#include <string.h>

enum { LISTED_MAX = 8 }; /* more than a person compares, and messages have an end */

/* A list for a message, cut short. */
struct list {
	struct buf text;
	size_t count;
};

static void list_free(struct list *l)
{
	buf_free(&l->text);
}

static void list_add(struct list *l, const char *name, const char *behind)
{
	if (l->count < LISTED_MAX)
		buf_printf(&l->text, "%s%s%s", l->count ? ", " : "", name, behind);
	l->count++;
}

static const char *list_end(struct list *l, const char *none)
{
	if (!l->count)
		buf_adds(&l->text, none);
	else if (l->count > LISTED_MAX)
		buf_printf(&l->text, " and %zu more", l->count - LISTED_MAX);
	l->count = 0;
	return buf_str(&l->text);
}

static const char *section_of(enum image_device_type type)
{
	return type == DEVICE_NET_BASIC ? "net" : "block";
}

/* The device's name in a key of the section, with its length; NULL for other keys. */
static const char *name_in(const char *key, const char *section, size_t *length)
{
	size_t n = strlen(section);

	if (strncmp(key, section, n) != 0 || key[n] != '.')
		return NULL;
	*length = strcspn(key + n + 1, ".");
	return key + n + 1;
}

static bool is_given(const struct rec *record, const struct image_device *device)
{
	for (size_t i = 0; i < record->count; i++) {
		size_t length;
		const char *name =
		    name_in(record->fields[i].key, section_of(device->type), &length);

		if (name && !strncmp(name, device->name, length) && !device->name[length])
			return true;
	}
	return false;
}

static bool is_wanted(
    const struct image *image, const char *section, const char *name, size_t length)
{
	for (size_t i = 0; i < image->device_count; i++) {
		const struct image_device *d = &image->devices[i];

		if (!strcmp(section_of(d->type), section) && !strncmp(d->name, name, length) &&
		    !d->name[length])
			return true;
	}
	return false;
}

/* Has an earlier field of the record named the device already? */
static bool is_named_before(
    const struct rec *record, size_t field, const char *section, const char *name, size_t length)
{
	for (size_t i = 0; i < field; i++) {
		size_t other_length;
		const char *other = name_in(record->fields[i].key, section, &other_length);

		if (other && other_length == length && !strncmp(other, name, length))
			return true;
	}
	return false;
}

/* Those of the section that the record has, and those among them that nobody wants. */
static void list_given(const struct image *image, const struct rec *record, const char *section,
    struct list *given, struct list *extra)
{
	for (size_t i = 0; i < record->count; i++) {
		struct buf copy A_CLEANUP(buf_free) = {0};
		size_t length;
		const char *name = name_in(record->fields[i].key, section, &length);

		if (!name || is_named_before(record, i, section, name, length))
			continue;
		buf_printf(&copy, "%s %.*s", section, (int)length, name);
		list_add(given, buf_str(&copy), "");
		if (!is_wanted(image, section, name, length))
			list_add(extra, buf_str(&copy) + strlen(section) + 1, "");
	}
}

static void hint(const struct image_device *missing, const struct list *extra, struct fault *fault)
{
	if (missing && missing->type == DEVICE_NET_BASIC)
		fault_hint(fault, "--set net.%s.tap=TAP, for each that is missing", missing->name);
	else if (missing)
		fault_hint(fault,
		    "--set block.%s.path=FILE, and block.%s.size=64M if it is to be made",
		    missing->name, missing->name);
	else
		fault_hint(fault, "leave it out: %s", buf_str(&extra->text));
}

int attach_check(
    const struct image *image, const char *name, const struct rec *record, struct fault *fault)
{
	struct list has A_CLEANUP(list_free) = {0}, given A_CLEANUP(list_free) = {0};
	struct list lacks A_CLEANUP(list_free) = {0}, extra A_CLEANUP(list_free) = {0};
	const struct image_device *missing = NULL;
	bool more;

	/* a kernel of Xen's without Solo5's notes doesn't say what it has: it is given all there is
	 */
	if (!image->solo5 && image->target && !strcmp(image->target, "xen"))
		return 0;

	for (size_t i = 0; i < image->device_count; i++) {
		const struct image_device *d = &image->devices[i];

		list_add(
		    &has, d->name, d->type == DEVICE_NET_BASIC ? " (NET_BASIC)" : " (BLOCK_BASIC)");
		if (is_given(record, d))
			continue;
		list_add(&lacks, d->name, "");
		missing = missing ? missing : d;
	}
	list_given(image, record, "net", &given, &extra);
	list_given(image, record, "block", &given, &extra);
	more = extra.count > 0;
	if (!missing && !more)
		return 0;
	(void)list_end(&lacks, "");
	(void)list_end(&extra, "");
	fault_set(fault, EX_DATAERR, "%s has %s%s; it is given %s: %s%s%s%s%s", name,
	    image->device_count ? "the devices " : "", list_end(&has, "no devices"),
	    list_end(&given, "none"), missing ? "nothing for " : "", buf_str(&lacks.text),
	    missing && more ? ", " : "", more ? "nobody wants " : "", buf_str(&extra.text));
	hint(missing, &extra, fault);
	return -1;
}
