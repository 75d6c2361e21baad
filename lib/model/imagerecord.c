#include "model/imagerecord.h"

#include "model/artifact.h"

#include <string.h>

int imagerecord_artifact(const struct rec *record, struct buf *into, struct fault *fault)
{
	const char *artifact = rec_get(record, "artifact");

	if (!artifact && !rec_get(record, "name"))
		return fault_set(fault, EX_DATAERR,
		    "the record has neither artifact nor name, so that there is no file to look "
		    "at");
	if (artifact && artifact[0] == '/') {
		buf_adds(into, artifact);
		return 0;
	}
	if (!rec_get(record, "config.dir"))
		return fault_set(fault, EX_DATAERR,
		    "the record has no config.dir, so that its artifact can't be found");
	build_dir_path(record, into);
	buf_addc(into, '/');
	artifact_path(record, into);
	return 0;
}

/* What image_write writes, but for target, which may be a configuration's. */
static bool is_result(const char *key)
{
	return !strcmp(key, "abi") || !strcmp(key, "arch") || !strcmp(key, "boot") ||
	       !strncmp(key, "device.", 7);
}

/* A program with a network stack of its own looks like any other. */
static bool fits(const char *target, const struct image *image)
{
	if (!image->target)
		return false;
	return !strcmp(target, image->target) ||
	       (!strcmp(target, "unix-direct") && !strcmp(image->target, "unix-socket"));
}

int imagerecord_merge(const struct rec *record, const struct image *image, const char *path,
    struct rec *into, struct fault *fault)
{
	struct image rest = *image;
	const char *target = rec_get(record, "target");

	if (target && !fits(target, image)) {
		fault_set(fault, EX_DATAERR, "%s: is for %s, but the record's target is %s", path,
		    image_target_text(image), target);
		return fault_hint(fault, "build it for that: mirari build --target=%s", target);
	}
	for (size_t i = 0; i < record->count; i++)
		if (!is_result(record->fields[i].key))
			rec_borrow(into, &record->fields[i]);
	if (target)
		rest.target = NULL; /* it's there */
	return image_write(&rest, into, fault);
}
