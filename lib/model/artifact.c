#include "model/artifact.h"

void artifact_path(const struct rec *record, struct buf *into)
{
	if (rec_get(record, "artifact"))
		buf_adds(into, rec_get(record, "artifact"));
	else
		buf_printf(into, "mir-%s", rec_get(record, "name"));
}
