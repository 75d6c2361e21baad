/*
 * Any bytes as an instance's file (host/instance.h): no crash, and what is read is a record that is
 * written as the same bytes, or what is wrong is said with the file's name. Whatever processes it
 * has, they are of another boot, so that the machine's own aren't looked at.
 */
#include "core/fd.h"
#include "host/instance.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
	if (!good)
		abort();
}

/* The state directory, in the working directory. */
static void start(struct instances *s, int *file)
{
	need(mkdir("instances", 0700) == 0 || access("instances", W_OK) == 0);
	s->dir = open("instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(s->dir >= 0);
	buf_adds(&s->path, "instances");
	/* no record can have it */
	memcpy(s->boot, "\n", sizeof "\n");
	*file = openat(s->dir, "x.instance", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	need(*file >= 0);
}

static void check(const struct instance *i, const uint8_t *data, size_t size)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	need(!strcmp(i->name, "x") && !strcmp(rec_get(&i->record, "instance.name"), "x"));
	need(!i->process.pid && !i->supervisor.pid);
	/* none of this boot lives */
	need(!instance_is_live(i->status) && (i->settled || i->status == INSTANCE_LOST));
	if (i->settled)
		need(!strcmp(
		    instance_status_name(i->status), rec_get(&i->record, "instance.status")));
	rec_write(&i->record, &text);
	need(text.length == size && !memcmp(buf_str(&text), data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct instances store = {.dir = -1};
	static int file = -1;
	struct instance i A_CLEANUP(instance_free) = {0};
	struct fault fault = {0};
	int got;

	if (store.dir < 0)
		start(&store, &file);
	need(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	got = instance_read(&store, "x", &i, &fault);
	need(got == 1 || got == -1);
	if (got < 0) {
		need(
		    fault.status == EX_DATAERR && !strncmp(fault.text, "instances/x.instance", 20));
		need(!i.record.count && strstr(fault.hint, "mirari rm x"));
		return 0;
	}
	check(&i, data, size);
	return 0;
}
