#include "host/statedir.h"

#include "core/clock.h"
#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_STEP_NS = 2000000 };

void instances_close(struct instances *s)
{
	fd_close(&s->dir);
	buf_free(&s->path);
	buf_free(&s->logs);
	*s = (struct instances){.dir = -1};
}

/* An absolute path from the environment, or NULL. */
static const char *path_in(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value == '/' ? value : NULL;
}

static int find(struct instances *s, struct fault *fault)
{
	const char *state = path_in("XDG_STATE_HOME");
	/* where another user is acted for it is the real one's */
	const char *home = geteuid() == getuid() ? path_in("HOME") : NULL;
	const struct passwd *user;

	if (state) {
		buf_printf(&s->path, "%s/mirari", state);
	} else if (geteuid() == 0) {
		buf_adds(&s->path, "/run/mirari");
		buf_adds(&s->logs, "/var/log/mirari");
		return 0;
	} else {
		if (!home && (user = getpwuid(geteuid())) && *user->pw_dir == '/')
			home = user->pw_dir;
		if (!home) {
			fault_set(fault, EX_OSERR, "neither XDG_STATE_HOME nor HOME is set");
			return fault_hint(fault, "export XDG_STATE_HOME=/an/absolute/path");
		}
		buf_printf(&s->path, "%s/.local/state/mirari", home);
	}
	buf_adds(&s->logs, buf_str(&s->path));
	return 0;
}

/* Makes the directory and those above it. */
static int make(const char *path, struct fault *fault)
{
	struct buf part A_CLEANUP(buf_free) = {0};

	for (const char *end = path; *end;) {
		int error;

		end += 1 + strcspn(end + 1, "/");
		buf_clear(&part);
		buf_add(&part, path, (size_t)(end - path));
		if (mkdir(buf_str(&part), 0700) == 0 || errno == EEXIST)
			continue;
		error = errno;
		/* one above it may be there, and nothing to be made in it: a read-only / */
		if (*end && access(buf_str(&part), F_OK) == 0)
			continue;
		fault_errno(fault, error == EACCES || error == EPERM ? EX_NOPERM : EX_CANTCREAT,
		    error, "create %s", buf_str(&part));
		return fault_hint(fault, "export XDG_STATE_HOME=/a/directory/of/your/own");
	}
	return 0;
}

/* Mustn't: believe what somebody else may have written. */
static int check(int dir, const char *path, struct fault *fault)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	if (st.st_uid != geteuid()) {
		fault_set(fault, EX_NOPERM, "%s: belongs to user %u, and we are user %u", path,
		    (unsigned)st.st_uid, (unsigned)geteuid());
		if (geteuid() == 0)
			return fault_hint(
			    fault, "as that user: sudo -u '#%u' mirari ps", (unsigned)st.st_uid);
		return fault_hint(fault, "export XDG_STATE_HOME=/a/directory/of/your/own");
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		fault_set(fault, EX_NOPERM, "%s: others may write there", path);
		return fault_hint(fault, "look what is in it, and then: chmod 700 %s", path);
	}
	return 0;
}

/* -1 with a fault; -1 without one (status 0) when it isn't there. */
static int open_checked(const char *path, struct fault *fault)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	fault->status = 0;
	if (dir < 0 && errno == ENOENT)
		return -1;
	if (dir < 0) {
		int error = errno;
		struct stat st;

		if (error == ENOTDIR && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
			fault_set(fault, EX_NOPERM, "%s: is a link, not a directory", path);
			return fault_hint(fault, "to keep it elsewhere, set XDG_STATE_HOME");
		}
		return fault_errno(fault, 0, error, "%s", path);
	}
	if (check(dir, path, fault) < 0)
		fd_close(&dir);
	return dir;
}

int instances_open_logs(const struct instances *s, struct fault *fault)
{
	return open_checked(buf_str(&s->logs), fault);
}

/* random(4): new at each boot. */
static int read_boot(char *into, size_t size, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {.max = 1 << 16};

	if (file_read("/proc/sys/kernel/random/boot_id", EX_OSERR, &text, fault) < 0)
		return -1;
	snprintf(into, size, "%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
	return 0;
}

int instances_open(struct instances *s, bool making, struct fault *fault)
{
	int logs A_CLEANUP(fd_close) = -1;

	*s = (struct instances){.dir = -1};
	if (find(s, fault) < 0 || read_boot(s->boot, sizeof s->boot, fault) < 0)
		return -1;
	if (making && (make(buf_str(&s->path), fault) < 0 || make(buf_str(&s->logs), fault) < 0))
		return -1;
	s->dir = open_checked(buf_str(&s->path), fault);
	if (s->dir < 0 && (fault->status || making))
		return fault->status ? -1
				     : fault_set(fault, EX_CANTCREAT, "%s: has been removed",
					   buf_str(&s->path));
	if (making && (logs = instances_open_logs(s, fault)) < 0)
		return fault->status ? -1
				     : fault_set(fault, EX_CANTCREAT, "%s: has been removed",
					   buf_str(&s->logs));
	return 0;
}

int instances_lock(const struct instances *s, struct fault *fault)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_NS};
	int64_t end = clock_ms() + LOCK_PATIENCE_MS;
	int fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
		    "create %s/lock", buf_str(&s->path));
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			fault_errno(fault, 0, errno, "lock %s/lock", buf_str(&s->path));
		} else if (clock_ms() < end) {
			(void)nanosleep(&step, NULL);
			continue;
		} else {
			fault_set(fault, EX_TEMPFAIL,
			    "%s/lock: held by another process for %d seconds", buf_str(&s->path),
			    LOCK_PATIENCE_MS / 1000);
			fault_hint(fault, "fuser -v %s/lock says by which", buf_str(&s->path));
		}
		fd_close(&fd);
		return -1;
	}
	return fd;
}
