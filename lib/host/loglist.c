#include "host/loglist.h"

#include "core/buf.h"
#include "core/fd.h"
#include "core/mem.h"
#include "host/logfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MISSES_MAX = 16, /* numbers in a row that are free, before we take it that no more come */
	WAITS_MAX = 20,
	TRIES_MAX = 1000 /* a rotation came between each time */
};

void loglist_free(struct loglist *l)
{
	for (size_t i = 0; i < l->count; i++)
		fd_close(&l->files[i].fd);
	free(l->files);
	*l = (struct loglist){0};
}

static void add(struct loglist *l, struct logfile file)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 8;
		l->files = mem_resize(l->files, l->room, sizeof *l->files);
	}
	l->files[l->count++] = file;
}

/* 1; 0 when there is none of that number. */
static int open_one(
    int dir, const char *name, unsigned number, struct logfile *into, struct fault *fault)
{
	struct buf file A_CLEANUP(buf_free) = {0};
	struct stat st;

	logfiles_name(name, number, &file);
	into->fd =
	    openat(dir, buf_str(&file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (into->fd < 0 && errno == ENOENT)
		return 0;
	if (into->fd < 0)
		return fault_errno(fault, 0, errno, "open %s", buf_str(&file));
	if (fstat(into->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_close(&into->fd);
		return fault_set(fault, EX_NOINPUT, "open %s: not a file", buf_str(&file));
	}
	into->device = st.st_dev;
	into->inode = st.st_ino;
	into->end = (uint64_t)st.st_size;
	into->changed = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return 1;
}

/* Is that the file's number? 1, 0; -1 when nothing has it. */
static int has_number(int dir, const char *name, unsigned number, const struct logfile *file)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct stat st;

	logfiles_name(name, number, &path);
	if (fstatat(dir, buf_str(&path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return st.st_ino == file->inode && st.st_dev == file->device;
}

static bool find_number(int dir, const char *name, const struct logfile *file, unsigned *number)
{
	int misses = 0;

	for (*number = 0; misses < MISSES_MAX; ++*number) {
		int has = has_number(dir, name, *number, file);

		if (has > 0)
			return true;
		misses = has < 0 ? misses + 1 : 0;
	}
	return false;
}

enum found { FOUND_FAULT = -1, FOUND_NONE, FOUND_ONE, FOUND_LOST };

/* The newer neighbour of a file. LOST when the file has none of the names any more. */
static enum found find_newer(
    int dir, const char *name, const struct logfile *now, struct logfile *into, struct fault *fault)
{
	for (int i = 0, waited = 0; i < TRIES_MAX; i++) {
		unsigned number;
		int got;

		if (!find_number(dir, name, now, &number))
			return FOUND_LOST;
		if (number == 0)
			return FOUND_NONE;
		got = open_one(dir, name, number - 1, into, fault);
		if (got < 0)
			return FOUND_FAULT;
		if (got && has_number(dir, name, number, now) > 0)
			return FOUND_ONE;
		if (got)
			fd_close(&into->fd);
		else if (waited++ < WAITS_MAX) /* in the middle of a rotation */
			usleep(1000);
		else
			return FOUND_NONE;
	}
	return FOUND_NONE;
}

/* The older one: with the next number, or in the middle of a rotation the one behind that. */
static enum found find_older(
    int dir, const char *name, const struct logfile *now, struct logfile *into, struct fault *fault)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		unsigned number;
		int got = 0;

		if (!find_number(dir, name, now, &number))
			return FOUND_LOST;
		for (unsigned more = 1; !got && more <= MISSES_MAX; more++)
			got = open_one(dir, name, number + more, into, fault);
		if (got < 0)
			return FOUND_FAULT;
		if (has_number(dir, name, number, now) > 0)
			return got ? FOUND_ONE : FOUND_NONE;
		if (got)
			fd_close(&into->fd);
	}
	return FOUND_NONE;
}

int loglist_open(int dir, const char *name, struct loglist *into, struct fault *fault)
{
	struct logfile file;
	enum found found;
	int got = 0;

	/* in the middle of a rotation there is no newest one */
	for (unsigned number = 0; !got && number < MISSES_MAX; number++)
		got = open_one(dir, name, number, &file, fault);
	if (got < 0)
		return -1;
	if (!got)
		return fault_set(fault, EX_NOINPUT, "%s: there is no such log", name);
	do {
		add(into, file);
		found = find_older(dir, name, &into->files[into->count - 1], &file, fault);
	} while (found == FOUND_ONE);
	if (found == FOUND_FAULT)
		loglist_free(into);
	return found == FOUND_FAULT ? -1 : 0;
}

/* Ours was removed, or moved away: the oldest one with something newer than the end of ours. */
static int find_since(int dir, const char *name, const struct logfile *now, struct logfile *next,
    bool *skipped, struct fault *fault)
{
	struct loglist all A_CLEANUP(loglist_free) = {0};
	struct stat st;
	size_t i = 0;
	int64_t ended;

	if (fstat(now->fd, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", name);
	if (loglist_open(dir, name, &all, fault) < 0)
		return fault->status == EX_NOINPUT ? 0 : -1;
	ended = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	while (i < all.count && all.files[i].changed >= ended)
		i++;
	if (i == 0)
		return 0;
	*next = all.files[--i];
	all.files[i].fd = -1;
	*skipped = i > 0;
	return 1;
}

int loglist_next(int dir, const char *name, const struct logfile *now, struct logfile *next,
    bool *skipped, struct fault *fault)
{
	enum found found = find_newer(dir, name, now, next, fault);

	*skipped = false;
	if (found == FOUND_LOST)
		return find_since(dir, name, now, next, skipped, fault);
	return (int)found;
}
