#include "host/instanceuse.h"

#include "core/fd.h"
#include "core/num.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The number behind `key` in a file of the group; without a key, the one that is all of it. */
static bool number_in(int group, const char *file, const char *key, uint64_t *number)
{
	int fd A_CLEANUP(fd_close) = openat(group, file, O_RDONLY | O_CLOEXEC);
	char text[4096], digits[24];
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *at = text;
	size_t count;

	if (length <= 0)
		return false;
	text[length] = '\0';
	if (key) {
		at = strstr(text, key);
		if (!at)
			return false;
		at += strlen(key);
	}
	count = strspn(at, "0123456789");
	if (!count || count >= sizeof digits)
		return false;
	memcpy(digits, at, count);
	digits[count] = '\0';
	return num_parse(digits, 0, INT64_MAX, number) == NUM_OK;
}

static void use_of_group(const char *path, struct instance_use *into)
{
	int group A_CLEANUP(fd_close) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t number;

	if (group < 0)
		return;
	if (number_in(group, "memory.current", NULL, &number))
		into->memory = number;
	if (number_in(group, "cpu.stat", "usage_usec ", &number))
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
