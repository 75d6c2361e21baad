/*
 * What unit tests that touch the system share: a directory to work in, input from memory, a child
 * that a failure stays in. Whatever goes wrong here ends the test program without a plan.
 */
#ifndef MIRARI_T_SCRATCH_H
#define MIRARI_T_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void scratch_need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

/* Makes an empty directory, the working directory from now on, and puts its path into `path`. */
static inline void scratch_enter(char path[PATH_MAX])
{
	const char *parent = getenv("TMPDIR");
	int length =
	    snprintf(path, PATH_MAX, "%s/mirari-unit.XXXXXX", parent && *parent ? parent : "/tmp");

	scratch_need(length < PATH_MAX && mkdtemp(path), "mkdtemp");
	scratch_need(chmod(path, 0755) == 0 && chdir(path) == 0, path);
	scratch_need(getcwd(path, PATH_MAX) != NULL, "getcwd");
}

/* The same for what works by an open directory: returns it. */
static inline int scratch_open(char path[PATH_MAX])
{
	int dir;

	scratch_enter(path);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scratch_need(dir >= 0, path);
	return dir;
}

static inline int scratch_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st, (void)type, (void)place;
	return remove(path);
}

static inline void scratch_leave(const char *path)
{
	scratch_need(chdir("/") == 0, "chdir");
	scratch_need(nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, path);
}

static inline void scratch_put(const char *name, mode_t mode, const char *text)
{
	FILE *file = fopen(name, "w");

	scratch_need(file != NULL, name);
	scratch_need(fputs(text, file) >= 0 && fclose(file) == 0, name);
	scratch_need(chmod(name, mode) == 0, name);
}

/* A descriptor from which exactly these bytes can be read. */
static inline int scratch_input(const void *bytes, size_t length)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	scratch_need(fd >= 0, "memfd_create");
	scratch_need(pwrite(fd, bytes, length, 0) == (ssize_t)length, "pwrite");
	return fd;
}

/* How many descriptors are open, to see that none was left. */
static inline int scratch_open_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	scratch_need(dir != NULL, "/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The exit status of a child that does `body`; 128+N when signal N ended it. */
static inline int scratch_child(int (*body)(const void *), const void *data)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	scratch_need(child >= 0, "fork");
	if (child == 0)
		_exit(body(data));
	scratch_need(waitpid(child, &status, 0) == child, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether posix_spawn tells here why an exec failed. An emulator whose vfork shares no memory
 * (valgrind) can't: there the child exits with 127 instead, and what depends on it isn't checked.
 */
static inline bool scratch_spawn_tells(void)
{
	char *const argv[] = {(char *)"/no/such/program", NULL};
	bool tells;
	pid_t child;

	tells = posix_spawn(&child, argv[0], NULL, NULL, argv, NULL) != 0;
	if (!tells) {
		waitpid(child, NULL, 0);
		puts("# posix_spawn can't tell here why an exec failed: not checked");
	}
	return tells;
}

#endif
