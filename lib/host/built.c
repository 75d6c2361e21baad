#include "host/built.h"

#include "core/fd.h"
#include "host/fstree.h"
#include "model/artifact.h"
#include "model/keys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 40 };

/* ---- where it is --------------------------------------------------------------------------------
 */

/* The target whose directory below _build a link points into, or NULL. */
static const char *target_of_link(const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof text - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	for (const char *const *t = targets; *t; t++) {
		size_t n = strlen(*t);

		if (!strncmp(text, "_build/", 7) && !strncmp(text + 7, *t, n) && text[7 + n] == '/')
			return *t;
	}
	return NULL;
}

/* Is what is beside the sources another target's? The link tells, or what was configured there. */
static bool is_of_another(const struct verb *v, const char *path)
{
	struct buf configured A_CLEANUP(buf_free) = {0};
	const char *target = rec_get(&v->record, "target"), *other = target_of_link(path);

	if (!other && verb_configured_target(v, &configured))
		other = buf_str(&configured);
	return other && strcmp(other, target);
}

void built_path_to_be(const struct verb *v, struct buf *path)
{
	struct buf artifact A_CLEANUP(buf_free) = {0};

	artifact_path(&v->record, &artifact);
	if (buf_str(&artifact)[0] != '/') {
		build_dir_path(&v->record, path);
		buf_addc(path, '/');
	}
	buf_adds(path, buf_str(&artifact));
}

void built_path(const struct verb *v, struct buf *path)
{
	struct buf all A_CLEANUP(buf_free) = {0};
	const char *artifact = rec_get(&v->record, "artifact");

	built_path_to_be(v, path);
	if (rec_get(&v->record, "build.dir") || (artifact && artifact[0] == '/'))
		return;
	buf_printf(&all, "%s/_build/%s/", rec_get(&v->record, "config.dir"),
	    rec_get(&v->record, "target"));
	artifact_path(&v->record, &all);
	if (access(buf_str(&all), F_OK) == 0 &&
	    (access(buf_str(path), F_OK) < 0 || is_of_another(v, buf_str(path)))) {
		buf_clear(path);
		buf_adds(path, buf_str(&all));
	}
}

/* ---- whether it is old --------------------------------------------------------------------------
 */

struct search {
	struct timespec than;
	const struct rec *record; /* whose block devices don't count */
	struct stat skipped[4];   /* the artifact itself, and what we read and write */
	size_t skipped_count;
};

static void skip(struct search *s, const struct stat *st)
{
	s->skipped[s->skipped_count++] = *st;
}

/* `mirari run >log` is no change of the project that the log is in. */
static void skip_our_own(struct search *s)
{
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			skip(s, &st);
}

static bool is_newer(const struct search *s, const struct stat *st)
{
	for (size_t i = 0; i < s->skipped_count; i++)
		if (st->st_dev == s->skipped[i].st_dev && st->st_ino == s->skipped[i].st_ino)
			return false;
	return st->st_mtim.tv_sec > s->than.tv_sec ||
	       (st->st_mtim.tv_sec == s->than.tv_sec && st->st_mtim.tv_nsec > s->than.tv_nsec);
}

/* By name alone: such a file isn't a source. */
static bool is_block_device(const struct search *s, const char *name)
{
	for (size_t i = 0; i < s->record->count; i++) {
		const struct field *f = &s->record->fields[i];
		const char *slash = strrchr(f->value, '/'), *dot = strrchr(f->key, '.');

		if (!strncmp(f->key, "block.", 6) && dot && !strcmp(dot, ".path") &&
		    !strcmp(slash ? slash + 1 : f->value, name))
			return true;
	}
	return false;
}

/* Is there a newer file below the directory? What can't be looked into is the builder's to say. */
static bool has_newer(const struct search *s, int parent, const char *name, int depth)
{
	DIR *dir A_CLEANUP(dir_close) = dir_open(parent, name);
	const struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		struct stat st;

		if (strchr("._", entry->d_name[0]) || is_block_device(s, entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			found = is_newer(s, &st);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			found = has_newer(s, dirfd(dir), entry->d_name, depth + 1);
	}
	return found;
}

static bool path_is_newer(const struct search *s, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && is_newer(s, &st);
}

/* As it is embedded: all that is below, and behind links. What can't be embedded is the builder's
 * to say. */
static bool tree_is_newer(const struct search *s, const char *top)
{
	struct strv names A_CLEANUP(strv_free) = {0};
	struct fault ignored;

	if (fstree_list(top, &names, &ignored) < 0)
		return false;
	if (path_is_newer(s, top))
		return true;
	for (size_t i = 0; i < names.count; i++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", top, names.items[i]);
		if (path_is_newer(s, buf_str(&path)))
			return true;
		/* the directory that it is in */
		path.length = (size_t)(strrchr(buf_str(&path), '/') - buf_str(&path));
		path.bytes[path.length] = '\0';
		if (path_is_newer(s, buf_str(&path)))
			return true;
	}
	return false;
}

/* The directories that are embedded may be anywhere. */
static bool has_newer_embedded(const struct search *s)
{
	for (size_t i = 0; i < s->record->count; i++) {
		const struct field *f = &s->record->fields[i];
		struct buf top A_CLEANUP(buf_free) = {0};

		if (strncmp(f->key, "fs.", 3))
			continue;
		record_path(s->record, f->value, &top);
		if (tree_is_newer(s, buf_str(&top)))
			return true;
	}
	return false;
}

bool built_is_old(const struct verb *v, const char *path)
{
	const char *file = rec_get(&v->record, "config.file");
	struct search s = {.record = &v->record};
	struct buf beside A_CLEANUP(buf_free) = {0};
	struct stat st;

	built_path_to_be(v, &beside);
	if (stat(path, &st) < 0 || (!strcmp(buf_str(&beside), path) &&
				       !rec_get(&v->record, "build.dir") && is_of_another(v, path)))
		return true;
	s.than = st.st_mtim;
	skip(&s, &st);
	skip_our_own(&s);
	if (file && stat(file, &st) == 0 && is_newer(&s, &st))
		return true;
	return has_newer(&s, AT_FDCWD, rec_get(&v->record, "config.dir"), 0) ||
	       has_newer_embedded(&s);
}
