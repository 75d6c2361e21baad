#include "host/logof.h"

#include <unistd.h>

int logof(const struct instances *s, const char *name, struct buf *path, struct instance *into,
    struct fault *fault)
{
	struct fault unknown;
	const char *written;

	if (instance_check_name(name, fault) < 0)
		return -1;
	if (instance_find(s, name, into, &unknown) == 0) {
		written = rec_get(&into->record, "instance.log");
		if (written)
			buf_adds(path, written);
		else
			buf_printf(path, "%s/%s.log", buf_str(&s->logs), name);
		return 0;
	}
	*into = (struct instance){.status = INSTANCE_EXITED};
	/* logs may be there when the state directory isn't any more: a reboot leaves them */
	if (unknown.status == EXIT_NO) {
		buf_printf(path, "%s/%s.log", buf_str(&s->logs), name);
		if (access(buf_str(path), F_OK) == 0)
			return 0;
	}
	*fault = unknown;
	return -1;
}
