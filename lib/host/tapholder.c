#include "host/tapholder.h"

#include "core/fd.h"
#include "core/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tapholders_free(struct tapholders *h)
{
	free(h->items);
	*h = (struct tapholders){0};
}

/* The first bytes of a file below a directory; the length, 0 when it can't be read. */
static size_t read_small(int dir, const char *path, char *into, size_t size)
{
	int fd A_CLEANUP(fd_close) = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, into, size - 1);

	into[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

static void add(struct tapholders *h, int process, const char *pid, const char *tap, size_t length)
{
	struct tapholder *holder;

	if (length >= IFNAMSIZ)
		return;
	h->items = mem_resize(h->items, h->count + 1, sizeof *h->items);
	holder = &h->items[h->count++];
	*holder = (struct tapholder){.pid = (pid_t)strtol(pid, NULL, 10)};
	memcpy(holder->tap, tap, length);
	read_small(process, "comm", holder->program, sizeof holder->program);
	holder->program[strcspn(holder->program, "\n")] = '\0';
	/* a process names itself as it likes */
	for (char *c = holder->program; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
}

/* The descriptors of one process. */
static void look_into(struct tapholders *h, int process, const char *pid)
{
	DIR *list A_CLEANUP(dir_close) = dir_open(process, "fd");
	const struct dirent *entry;

	while (list && (entry = readdir(list))) {
		char target[16], path[300], info[512], *line;
		ssize_t length = readlinkat(dirfd(list), entry->d_name, target, sizeof target);

		if (length != (ssize_t)strlen("/dev/net/tun") ||
		    memcmp(target, "/dev/net/tun", (size_t)length))
			continue;
		snprintf(path, sizeof path, "fdinfo/%s", entry->d_name);
		if (read_small(process, path, info, sizeof info) &&
		    (line = strstr(info, "\niff:\t")))
			add(h, process, pid, line + 6, strcspn(line + 6, "\n"));
	}
}

/* A process whose namespace we can't see counts as one of ours. */
static bool in_our_namespace(int process, const struct stat *ours)
{
	struct stat st;

	return fstatat(process, "ns/net", &st, 0) < 0 || st.st_ino == ours->st_ino;
}

void tapholders_read(struct tapholders *into)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	struct stat ours;

	if (!proc || stat("/proc/self/ns/net", &ours) < 0) {
		if (proc)
			closedir(proc);
		return;
	}
	while ((entry = readdir(proc))) {
		int process A_CLEANUP(fd_close) = -1;

		if (entry->d_name[strspn(entry->d_name, "0123456789")])
			continue;
		process = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0 && in_our_namespace(process, &ours))
			look_into(into, process, entry->d_name);
	}
	closedir(proc);
}

const struct tapholder *tapholders_of(const struct tapholders *h, const char *tap)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->items[i].tap, tap))
			return &h->items[i];
	return NULL;
}

int tap_in_use(enum tap_step step, const char *tap, struct fault *fault)
{
	struct tapholders all A_CLEANUP(tapholders_free) = {0};
	struct buf holder A_CLEANUP(buf_free) = {0};
	const struct tapholder *found;

	tapholders_read(&all);
	found = tapholders_of(&all, tap);
	if (found)
		buf_printf(&holder, "by %s (%d)", found->program, (int)found->pid);
	else
		buf_adds(&holder, "by a process that can't be seen from here");
	return tap_fault(&(struct tap_about){step, tap, buf_str(&holder)}, EBUSY, NULL, fault);
}
