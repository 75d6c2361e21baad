#include "host/cleanup.h"

#include "core/proc.h"
#include "core/shell.h"

#include <unistd.h>

bool cleanup_is_needed(const struct rec *record)
{
	return rec_get(record, "instance.cleanup") != NULL;
}

int cleanup_run(const struct rec *record, struct fault *fault)
{
	const char *dir = rec_get(record, "instance.dir");
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf shown A_CLEANUP(buf_free) = {0};
	/* standard output is for records of our own */
	struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	int status;

	rec_get_all(record, "instance.cleanup", &command);
	if (!command.count)
		return 0;
	if (dir && access(dir, X_OK) == 0)
		io.dir = dir;
	if (proc_run(&command, &io, &status, fault) < 0)
		return -1;
	if (status == EX_OK)
		return 0;
	shell_command(&shown, &command);
	fault_set(fault, status, "what %s has left could not be cleared away",
	    rec_get(record, "instance.name") ? rec_get(record, "instance.name") : "it");
	return fault_hint(fault, "mirari gc tries it again: %s", buf_str(&shown));
}
