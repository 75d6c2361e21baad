#include "host/instanceuse.h"

#include "core/fd.h"
#include "host/cgroupfile.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void use_of_group(const char *path, struct instance_use *into)
{
	int group A_CLEANUP(fd_close) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t number;

	if (group < 0)
		return;
	if (cgroupfile_number(group, "memory.current", NULL, &number))
		into->memory = number;
	if (cgroupfile_number(group, "cpu.stat", "usage_usec ", &number))
		into->cpu_ms = number / 1000;
}

static uint64_t seconds_since(uint64_t ticks)
{
	struct timespec now = {0};
	uint64_t started = ticks / (uint64_t)sysconf(_SC_CLK_TCK);

	/* of the clock that a process's start is told in, which nobody sets */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec > started ? (uint64_t)now.tv_sec - started : 0;
}

bool instance_use(const struct instance *i, const struct processes *all, struct instance_use *into)
{
	const struct process *top = processes_find(all, i->process);
	const char *group = rec_get(&i->record, "instance.cgroup");

	if (!top)
		return false;
	*into = (struct instance_use){.uptime_s = seconds_since(top->id.started)};
	for (const struct process *p = top; p; p = processes_below(all, top, p)) {
		into->cpu_ms += p->cpu_ms;
		into->memory += p->resident;
	}
	if (group)
		use_of_group(group, into);
	return true;
}
