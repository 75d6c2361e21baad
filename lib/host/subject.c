#include "host/subject.h"

#include "core/fd.h"
#include "host/imagefile.h"
#include "model/check.h"
#include "model/imagerecord.h"

#include <unistd.h>

void subject_free(struct subject *s)
{
	rec_free(&s->record);
	buf_free(&s->path);
	fd_close(&s->fd);
	s->fd = -1;
}

bool subject_takes_record(const struct subject_request *r)
{
	return r->record || !r->file;
}

int subject_settings(const struct strv *set, struct rec *record, struct fault *fault)
{
	if (rec_apply(record, set, fault) < 0)
		return -1;
	if (check_record(record, fault) == 0)
		return 0;
	fault->status = EX_USAGE;
	return -1;
}

int subject_record(const struct subject_request *r, struct rec *record, struct fault *fault)
{
	if (!r->file && !r->record && isatty(STDIN_FILENO)) {
		fault_set(fault, EX_USAGE, "neither a file nor a record");
		return fault_hint(fault, "%s FILE, or: mirari-parse | %s", r->tool, r->tool);
	}
	if (!subject_takes_record(r))
		return subject_settings(r->set, record, fault);
	if (rec_read_stdin(record, fault) < 0 || rec_apply(record, r->set, fault) < 0)
		return -1;
	return check_record(record, fault);
}

int subject_find(const struct subject_request *r, struct subject *s, struct fault *fault)
{
	if (subject_record(r, &s->record, fault) < 0)
		return -1;
	if (r->file)
		buf_adds(&s->path, r->file);
	else if (imagerecord_artifact(&s->record, &s->path, fault) < 0)
		return -1;
	s->fd = imagefile_open(buf_str(&s->path), NULL, fault);
	return s->fd < 0 ? -1 : imagefile_read_open(s->fd, buf_str(&s->path), &s->image, fault);
}
