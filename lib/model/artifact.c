#include "model/artifact.h"

void record_path(const struct rec *record, const char *path, struct buf *into)
{
	const char *dir = rec_get(record, "config.dir");

	if (dir && path[0] != '/')
		buf_printf(into, "%s/", dir);
	buf_adds(into, path);
}

void build_dir_path(const struct rec *record, struct buf *into)
{
	buf_adds(into, rec_get(record, "config.dir"));
	if (rec_get(record, "build.dir"))
		buf_printf(into, "/%s", rec_get(record, "build.dir"));
}

void artifact_path(const struct rec *record, struct buf *into)
{
	if (rec_get(record, "artifact"))
		buf_adds(into, rec_get(record, "artifact"));
	else
		buf_printf(into, "mir-%s", rec_get(record, "name"));
}

void artifact_from_project(const struct rec *record, struct buf *into)
{
	const char *artifact = rec_get(record, "artifact");

	if (rec_get(record, "build.dir") && (!artifact || artifact[0] != '/'))
		buf_printf(into, "%s/", rec_get(record, "build.dir"));
	artifact_path(record, into);
}
