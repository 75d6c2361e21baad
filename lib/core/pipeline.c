#include "core/pipeline.h"

#include "core/fd.h"
#include "core/proc.h"
#include "core/shell.h"

#include <errno.h>
#include <unistd.h>

void pipeline_free(struct pipeline *p)
{
	for (size_t i = 0; i < p->count; i++)
		strv_free(&p->stages[i]);
	p->count = 0;
}

struct strv *pipeline_stage(struct pipeline *p)
{
	if (p->count == PIPELINE_MAX)
		return NULL;
	p->stages[p->count] = (struct strv){0};
	return &p->stages[p->count++];
}

/* One stage between two files; `out` is rewound for the next reader. */
static int run_stage(const struct strv *stage, int in, int out, int *status, struct fault *fault)
{
	struct proc_io io = {.in = in, .out = out};

	if (proc_run(stage, &io, status, fault) < 0)
		return -1;
	if (out >= 0 && lseek(out, 0, SEEK_SET) < 0)
		return fault_errno(fault, 0, errno, "lseek");
	return 0;
}

int pipeline_run(
    const struct pipeline *p, int in, struct buf *out, int *status, struct fault *fault)
{
	int held A_CLEANUP(fd_close) = -1;

	*status = 0;
	for (size_t i = 0; i < p->count; i++) {
		int last = i + 1 == p->count;
		int made A_CLEANUP(fd_close) = last && !out ? -1 : proc_memory_file(fault);

		if (made < 0 && !(last && !out))
			return -1;
		if (run_stage(&p->stages[i], i ? held : in, made, status, fault) < 0)
			return -1;
		if (*status)
			return 0;
		fd_close(&held);
		held = made;
		made = -1;
	}
	return out ? fd_read_all(held, "the last tool's output", out, fault) : 0;
}

void pipeline_show(const struct pipeline *p, struct buf *into)
{
	for (size_t i = 0; i < p->count; i++) {
		if (i)
			buf_adds(into, " | ");
		shell_command(into, &p->stages[i]);
	}
}
