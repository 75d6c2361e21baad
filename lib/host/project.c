#include "host/project.h"

#include "core/fd.h"
#include "core/hash.h"
#include "core/mem.h"
#include "model/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST ".mirari/generated"
#define TEMPORARY ".mirari/new"
#define TREES ".mirari/trees"

void project_close(struct project *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i].path);
	free(p->list);
	fd_close(&p->lock);
	fd_close(&p->dir);
	*p = (struct project){.dir = -1, .lock = -1};
}

/* The bytes of a regular file; 1 when there is none, 2 when it is something else. */
static int read_file(
    const struct project *p, const char *path, struct buf *into, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) =
	    p->dir < 0 ? -1 : openat(p->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (p->dir < 0 || (fd < 0 && errno == ENOENT))
		return 1;
	if (fd < 0 && errno == ELOOP)
		return 2;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return 2;
	return fd_read_all(fd, path, into, fault);
}

static void add_listed(struct project *p, uint64_t hash, const char *path)
{
	p->list = mem_resize(p->list, p->count + 1, sizeof *p->list);
	p->list[p->count++] = (struct listed){hash, mem_copy(path, strlen(path))};
}

/* Lines that aren't ours are passed over: what they listed is then foreign, which is safe. */
static void parse_list(struct project *p, struct buf *text)
{
	char *next = text->bytes;

	while (next && *next) {
		char *lf = strchr(next, '\n'), *end;
		uint64_t hash;

		if (!lf)
			return;
		*lf = '\0';
		errno = 0;
		hash = strtoull(next, &end, 16);
		if (errno == 0 && end == next + 16 && *end == ' ' && end[1] && end[1] != '/' &&
		    !strstr(end + 1, ".."))
			add_listed(p, hash, end + 1);
		next = lf + 1;
	}
}

/* Is what we have locked still what is called .mirari? A clean may have removed it meanwhile. */
static bool is_current(const struct project *p)
{
	struct stat held, named;

	return fstat(p->lock, &held) == 0 &&
	       fstatat(p->dir, ".mirari", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Locks the directory itself: a file for that would be one more to leave behind. */
static int lock(struct project *p, const char *dir, struct fault *fault)
{
	do {
		fd_close(&p->lock);
		if (mkdirat(p->dir, ".mirari", 0777) < 0 && errno != EEXIST)
			return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
			    "create %s/.mirari", dir);
		p->lock =
		    openat(p->dir, ".mirari", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (p->lock < 0)
			return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
			    "%s/.mirari", dir);
		while (flock(p->lock, LOCK_EX) < 0)
			if (errno != EINTR)
				return fault_errno(fault, 0, errno, "lock %s/.mirari", dir);
	} while (!is_current(p));
	return 0;
}

int project_make(const char *top, const char *below, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct stat st;

	for (size_t end = 0; below[end]; end += below[end] == '/') {
		end += strcspn(below + end, "/");
		buf_clear(&path);
		buf_printf(&path, "%s/%.*s", top, (int)end, below);
		if (mkdir(buf_str(&path), 0777) == 0)
			continue;
		if (errno != EEXIST)
			return fault_errno(fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
			    "create %s", buf_str(&path));
		/* links that lead out of a tree count its directories */
		if (lstat(buf_str(&path), &st) < 0 || !S_ISDIR(st.st_mode))
			return fault_set(fault, EX_CANTCREAT,
			    "%s: is there, and is no directory of the project", buf_str(&path));
	}
	return 0;
}

int project_open(struct project *p, const char *dir, bool writing, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {.max = 16 << 20};

	*p = (struct project){.dir = -1, .lock = -1};
	p->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0 && !writing && errno == ENOENT)
		return 0;
	if (p->dir < 0)
		return fault_errno(fault, EX_DATAERR, errno, "%s", dir);
	if (writing && lock(p, dir, fault) < 0)
		return -1;
	if (read_file(p, LIST, &text, fault) < 0)
		return -1;
	parse_list(p, &text);
	return 0;
}

static bool is_listed(const struct project *p, const char *path, uint64_t hash)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].hash == hash && !strcmp(p->list[i].path, path))
			return true;
	return false;
}

static int compare(const struct project *p, const char *path, const struct buf *wanted,
    enum ownership *found, struct fault *fault)
{
	struct buf there A_CLEANUP(buf_free) = {0};
	int got = read_file(p, path, &there, fault);

	if (got < 0)
		return -1;
	if (got == 1)
		*found = FILE_ABSENT;
	else if (got == 2)
		*found = FILE_FOREIGN;
	else if (wanted && wanted->length == there.length &&
		 !memcmp(buf_str(wanted), buf_str(&there), there.length))
		*found = FILE_SAME;
	else
		*found = is_listed(p, path, hash_bytes(buf_str(&there), there.length))
			     ? FILE_OURS
			     : FILE_FOREIGN;
	return 0;
}

int project_ownership(
    const struct project *p, const char *path, enum ownership *found, struct fault *fault)
{
	bool listed = false;

	for (size_t i = 0; i < p->count && !listed; i++)
		listed = !strcmp(p->list[i].path, path);
	if (listed)
		return compare(p, path, NULL, found, fault);
	*found = p->dir < 0 || faccessat(p->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0
		     ? FILE_ABSENT
		     : FILE_FOREIGN;
	return 0;
}

int project_compare(
    const struct project *p, struct output *outputs, size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++)
		if (compare(p, outputs[i].path, &outputs[i].bytes, &outputs[i].found, fault) < 0)
			return -1;
	return 0;
}

static bool is_output(const char *path, const struct output *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(path, outputs[i].path))
			return true;
	return false;
}

int project_stale(const struct project *p, const struct output *outputs, size_t count,
    struct strv *paths, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *path = p->list[i].path;
		enum ownership found;

		if (is_output(path, outputs, count) || strv_has(paths, path))
			continue;
		if (project_ownership(p, path, &found, fault) < 0)
			return -1;
		if (found == FILE_OURS)
			strv_add(paths, path);
	}
	return 0;
}

static bool has_line(const struct buf *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *p = buf_str(text); *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!strncmp(p, line, length) && p[length] == '\n')
			return true;
	return false;
}

/* Is there something in the directory that no build of ours has put there? Ours begin with .mirari.
 */
static bool has_others_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool others = false;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".mirari")) {
			others = false;
			break;
		}
		others = others || (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."));
	}
	if (dir)
		closedir(dir);
	return others;
}

int project_add_tree(const char *top, const char *build_dir, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};
	struct buf line A_CLEANUP(buf_free) = {0}, tree A_CLEANUP(buf_free) = {0};
	int fd A_CLEANUP(fd_close) = -1;

	if (project_make(top, ".mirari", fault) < 0)
		return -1;
	buf_printf(&path, "%s/" TREES, top);
	fd = open(buf_str(&path), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0666);
	if (fd < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "%s", buf_str(&path));
	if (fd_read_all(fd, buf_str(&path), &text, fault) < 0)
		return -1;
	if (has_line(&text, build_dir))
		return 0;
	buf_printf(&tree, "%s/%s", top, build_dir);
	if (has_others_files(buf_str(&tree))) {
		fault_set(fault, EX_CANTCREAT, "%s: has files of others in it", buf_str(&tree));
		return fault_hint(fault, "build.dir takes a directory that is new, or empty");
	}
	buf_printf(&line, "%s\n", build_dir);
	if (fd_write(fd, buf_str(&line), line.length) < 0)
		return fault_errno(fault, EX_IOERR, errno, "%s", buf_str(&path));
	return 0;
}

/* Only directories all the way down: what a link leads to isn't the project's. */
static bool is_plain(int top, const char *path)
{
	for (const char *end = path; *end; end += *end == '/') {
		struct buf part A_CLEANUP(buf_free) = {0};
		struct stat st;

		end += strcspn(end, "/");
		buf_add(&part, path, (size_t)(end - path));
		if (fstatat(top, buf_str(&part), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}

void project_trees(const struct project *p, struct strv *into)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	if (read_file(p, TREES, &text, &ignored) != 0 || strlen(buf_str(&text)) != text.length)
		return;
	for (char *line = text.bytes, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (value_fits(VALUE_BUILD_DIR, line) && is_plain(p->dir, line) &&
		    !strv_has(into, line))
			strv_add(into, line);
	}
}

bool project_is_built(int dir, const char *path)
{
	char target[8] = "";

	return readlinkat(dir, path, target, sizeof target) > 0 &&
	       (!memcmp(target, "_build/", 7) || !memcmp(target, "dist/", 5));
}

static void list_line(struct buf *text, uint64_t hash, const char *path)
{
	buf_printf(text, "%016llx %s\n", (unsigned long long)hash, path);
}

/* The list as it will be; with `also_old`, the lines that it has now behind that. */
static int write_list(struct project *p, const struct output *outputs, size_t count, bool also_old,
    struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0}, now A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < count; i++)
		list_line(&text, hash_bytes(buf_str(&outputs[i].bytes), outputs[i].bytes.length),
		    outputs[i].path);
	for (size_t i = 0; also_old && i < p->count; i++)
		list_line(&text, p->list[i].hash, p->list[i].path);
	if (read_file(p, LIST, &now, fault) == 0 && now.length == text.length &&
	    !memcmp(buf_str(&now), buf_str(&text), text.length))
		return 0;
	return file_publish(p->dir, LIST, TEMPORARY, 0666, buf_str(&text), text.length, fault);
}

int project_publish(struct project *p, const struct output *outputs, size_t count,
    const struct strv *stale, struct fault *fault)
{
	bool changed = stale->count > 0;

	for (size_t i = 0; i < count; i++)
		changed = changed || outputs[i].found != FILE_SAME;
	if (changed && write_list(p, outputs, count, true, fault) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (outputs[i].found != FILE_SAME &&
		    file_publish(p->dir, outputs[i].path, TEMPORARY, 0666,
			buf_str(&outputs[i].bytes), outputs[i].bytes.length, fault) < 0)
			return -1;
	for (size_t i = 0; i < stale->count; i++)
		if (unlinkat(p->dir, stale->items[i], 0) < 0 && errno != ENOENT)
			return fault_errno(fault, 0, errno, "remove %s", stale->items[i]);
	return write_list(p, outputs, count, false, fault);
}
