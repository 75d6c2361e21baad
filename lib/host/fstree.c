#include "host/fstree.h"

#include "core/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directories from the top down to where we are, to notice a link that leads back up. */
struct level {
	const struct level *up;
	dev_t device;
	ino_t inode;
};

struct walk {
	const char *top;
	struct buf path; /* relative to top */
	struct strv *names;
	struct fault *fault;
};

static int descend(struct walk *w, int fd, const struct level *up);

static int complain(const struct walk *w, const char *what)
{
	return fault_set(w->fault, EX_DATAERR, "%s/%s: %s", w->top, buf_str(&w->path), what);
}

static int visit(struct walk *w, int parent, const char *name, const struct level *up)
{
	struct stat st;
	int fd;

	if (fstatat(parent, name, &st, 0) < 0)
		return fault_errno(w->fault, EX_DATAERR, errno, "%s/%s", w->top, buf_str(&w->path));
	if (S_ISREG(st.st_mode)) {
		strv_add(w->names, buf_str(&w->path));
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return complain(w, "is neither a file nor a directory");
	for (const struct level *l = up; l; l = l->up)
		if (l->device == st.st_dev && l->inode == st.st_ino)
			return complain(w, "leads back to a directory above it");
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_errno(w->fault, 0, errno, "%s/%s", w->top, buf_str(&w->path));
	return descend(w, fd, up);
}

/* Lists the directory behind fd, which it closes. */
static int descend(struct walk *w, int fd, const struct level *up)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	struct level level = {.up = up};
	size_t length = w->path.length;
	int result = 0;

	if (!dir || fstat(fd, &st) < 0) {
		fault_errno(w->fault, 0, errno, "%s/%s", w->top, buf_str(&w->path));
		if (dir)
			closedir(dir);
		else
			close(fd);
		return -1;
	}
	level.device = st.st_dev;
	level.inode = st.st_ino;
	while (result == 0 && (errno = 0, entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		buf_printf(&w->path, "%s%s", length ? "/" : "", entry->d_name);
		result = visit(w, fd, entry->d_name, &level);
		w->path.length = length;
		w->path.bytes[length] = '\0';
	}
	if (result == 0 && errno)
		result = fault_errno(w->fault, 0, errno, "%s/%s", w->top, buf_str(&w->path));
	closedir(dir);
	return result;
}

int fstree_list(const char *dir, struct strv *names, struct fault *fault)
{
	struct walk w = {.top = dir, .names = names, .fault = fault};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (fd < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_DATAERR, errno, "%s", dir);
	result = descend(&w, fd, NULL);
	buf_free(&w.path);
	strv_sort(names);
	return result;
}
