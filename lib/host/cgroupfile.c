#include "host/cgroupfile.h"

#include "core/fd.h"
#include "core/num.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A group that its processes are leaving can't be removed for a moment. */
enum { REMOVE_TRIES = 100, BETWEEN_MS = 10, DEPTH_MAX = 32 };

int cgroupfile_read(int dir, const char *file, struct buf *into)
{
	int fd A_CLEANUP(fd_close) = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct fault ignored;

	if (fd < 0)
		return -1;
	errno = EIO;
	return fd_read_all(fd, file, into, &ignored);
}

int cgroupfile_write(int dir, const char *file, const char *value)
{
	int fd A_CLEANUP(fd_close) = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int error;

	if (fd < 0)
		return -1;
	/* each write is a request of its own, so it is one */
	if (write(fd, value, strlen(value)) == (ssize_t)strlen(value))
		return 0;
	error = errno;
	fd_close(&fd);
	errno = error;
	return -1;
}

bool cgroupfile_number(int dir, const char *file, const char *key, uint64_t *number)
{
	struct buf text A_CLEANUP(buf_free) = {.max = 1 << 16};
	const char *at;

	if (cgroupfile_read(dir, file, &text) < 0)
		return false;
	at = key ? strstr(buf_str(&text), key) : buf_str(&text);
	if (!at)
		return false;
	at += key ? strlen(key) : 0;
	return num_parse_bytes(at, strcspn(at, "\n"), 0, UINT64_MAX, number) == NUM_OK;
}

bool cgroupfile_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (words += strspn(words, " \n"); *words; words += strspn(words, " \n")) {
		size_t n = strcspn(words, " \n");

		if (n == length && !memcmp(words, word, n))
			return true;
		words += n;
	}
	return false;
}

/* The next group in the directory, open; -1: there are no more. */
static int next_group(DIR *stream, int dir, const char **name)
{
	struct dirent *entry;

	while ((entry = readdir(stream))) {
		int fd;

		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		fd = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		*name = entry->d_name;
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Where the kernel has no cgroup.kill (before 5.14): one process after another. */
static void kill_each(int dir, int depth)
{
	struct buf pids A_CLEANUP(buf_free) = {.max = 1 << 20};
	DIR *stream A_CLEANUP(dir_close) = depth < DEPTH_MAX ? dir_open(dir, ".") : NULL;
	const char *name;
	char *next;
	int below;

	while (stream && (below = next_group(stream, dir, &name)) >= 0) {
		kill_each(below, depth + 1);
		fd_close(&below);
	}
	if (cgroupfile_read(dir, "cgroup.procs", &pids) < 0)
		return;
	for (char *pid = pids.bytes; pid && (next = strchr(pid, '\n')); pid = next + 1) {
		uint64_t number;

		*next = '\0';
		/* 0 is one that this process can't see */
		if (num_parse(pid, 1, INT_MAX, &number) == NUM_OK)
			kill((pid_t)number, SIGKILL);
	}
}

void cgroupfile_kill(int dir)
{
	if (cgroupfile_write(dir, "cgroup.kill", "1") < 0)
		kill_each(dir, 0);
}

static bool remove_below(int above, const char *name, int depth)
{
	int dir A_CLEANUP(fd_close) =
	    openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *stream A_CLEANUP(dir_close) =
	    dir < 0 || depth >= DEPTH_MAX ? NULL : dir_open(dir, ".");
	const char *below;
	int fd;

	while (stream && (fd = next_group(stream, dir, &below)) >= 0) {
		fd_close(&fd);
		if (!remove_below(dir, below, depth + 1))
			break;
	}
	return unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

bool cgroupfile_remove(int above, const char *name)
{
	const struct timespec between = {.tv_nsec = BETWEEN_MS * 1000000L};

	for (int i = 0; i < REMOVE_TRIES; i++) {
		int dir A_CLEANUP(fd_close) =
		    openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (dir < 0)
			return errno == ENOENT;
		cgroupfile_kill(dir);
		fd_close(&dir);
		if (remove_below(above, name, 0))
			return true;
		if (errno != EBUSY)
			return false;
		nanosleep(&between, NULL);
	}
	errno = EBUSY;
	return false;
}
