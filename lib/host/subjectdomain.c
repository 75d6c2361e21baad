#include "host/subjectdomain.h"

#include "host/binary.h"
#include "render/xlfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int subject_name(struct subject *s, struct fault *fault)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	if (rec_get(&s->record, "name"))
		return 0;
	binary_name(buf_str(&s->path), &name);
	return rec_add(&s->record, "name", buf_str(&name), fault);
}

int subject_domain(
    const struct subject *s, const struct strv *more, struct domain *into, struct fault *fault)
{
	char *here = get_current_dir_name();
	int result;

	if (!here)
		return fault_errno(fault, 0, errno, "the working directory");
	result = domain_make(into, &s->record, &s->image, buf_str(&s->path), here, fault);
	free(here);
	return result < 0 ? -1 : domain_arguments(into, more, fault);
}
