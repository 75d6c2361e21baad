#include "host/buildtree.h"

#include "core/buf.h"
#include "core/strset.h"
#include "core/strv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

/* A walk over what may be mirrored, or over what mirrors it. */
enum wanted { FILES_AND_LINKS, LINKS, DIRECTORIES };

struct walk {
	enum wanted wanted;
	struct strv *paths; /* relative to where it began */
	struct buf path;    /* where it is: "" or "lib/net/" */
	size_t depth;
	struct fault *fault;
};

static int failed(struct fault *fault, const char *what, const char *path)
{
	int error = errno;

	return fault_errno(fault, error == EACCES || error == EPERM ? EX_NOPERM : EX_CANTCREAT,
	    error, "%s %s", what, path);
}

/* What builders leave beside the sources, or in directories of their own, is no source. */
static bool is_source(const char *name, bool top)
{
	static const char *const left[] = {
	    ".cmi", ".cmo", ".cmx", ".cma", ".cmxa", ".cmxs", ".cmt", ".cmti", ".o"};
	const char *dot = strrchr(name, '.');

	if (name[0] == '.' || !strcmp(name, "_build") || !strcmp(name, "_opam") ||
	    (top && !strcmp(name, "dist")))
		return false;
	for (size_t i = 0; dot && i < COUNT_OF(left); i++)
		if (!strcmp(dot, left[i]))
			return false;
	return true;
}

static int walk(struct walk *w, int fd);

static int visit(struct walk *w, int parent, const char *name)
{
	size_t length = w->path.length;
	struct stat st;
	int fd, result;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(w->fault, "look at", name);
	buf_adds(&w->path, name);
	if (w->wanted == DIRECTORIES
		? S_ISDIR(st.st_mode)
		: S_ISLNK(st.st_mode) || (S_ISREG(st.st_mode) && w->wanted == FILES_AND_LINKS))
		strv_add(w->paths, buf_str(&w->path));
	result = 0;
	/* no builder looks for sources in such a directory, and it is where trees are */
	if (S_ISDIR(st.st_mode) && (w->depth || name[0] != '_')) {
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			result = failed(w->fault, "open", buf_str(&w->path));
		else if (w->depth == DEPTH_MAX)
			result = fault_set(w->fault, EX_DATAERR,
			    "%s: more than %d directories deep", buf_str(&w->path), DEPTH_MAX);
		buf_addc(&w->path, '/');
		w->depth++;
		if (result == 0)
			result = walk(w, fd);
		else if (fd >= 0)
			close(fd);
		w->depth--;
	}
	w->path.length = length;
	w->path.bytes[length] = '\0';
	return result;
}

/* The directory behind fd, which is closed. */
static int walk(struct walk *w, int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		close(fd);
		return failed(w->fault, "open", buf_str(&w->path));
	}
	while (result == 0 && (errno = 0, entry = readdir(dir)))
		if (is_source(entry->d_name, !w->depth))
			result = visit(w, fd, entry->d_name);
	if (result == 0 && errno)
		result = failed(w->fault, "read", buf_str(&w->path));
	closedir(dir);
	return result;
}

static int find_paths(
    int dir, const char *from, enum wanted wanted, struct strv *into, struct fault *fault)
{
	struct walk w = {.wanted = wanted, .paths = into, .fault = fault};
	int fd = openat(dir, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), result;

	if (fd < 0)
		return failed(fault, "open", from);
	result = walk(&w, fd);
	buf_free(&w.path);
	return result;
}

/* What the link for a path says: up from its directory to the project, and down again. */
static void link_text(const char *build_dir, const char *path, struct buf *into)
{
	buf_adds(into, "../");
	for (const char *p = build_dir; *p; p++)
		buf_adds(into, *p == '/' ? "../" : "");
	for (const char *p = path; *p; p++)
		buf_adds(into, *p == '/' ? "../" : "");
	buf_adds(into, path);
}

static bool is_our_link(int dir, const char *build_dir, const char *path)
{
	struct buf wanted A_CLEANUP(buf_free) = {0};
	char text[PATH_MAX];
	ssize_t length = readlinkat(dir, path, text, sizeof text);

	link_text(build_dir, path, &wanted);
	return length >= 0 && (size_t)length == wanted.length &&
	       !memcmp(text, buf_str(&wanted), wanted.length);
}

/* Makes the directories above a path, unless they are those of the path before. */
static int make_parents(int dir, const char *path, const char *before, struct fault *fault)
{
	const char *slash = strrchr(path, '/');

	if (!slash || (before && !strncmp(path, before, (size_t)(slash - path) + 1)))
		return 0;
	for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
		struct buf above A_CLEANUP(buf_free) = {0};

		buf_add(&above, path, (size_t)(end - path));
		if (mkdirat(dir, buf_str(&above), 0777) < 0 && errno != EEXIST)
			return failed(fault, "create", buf_str(&above));
	}
	return 0;
}

static int remove_stale(
    int dir, const char *build_dir, const struct strset *wanted, struct fault *fault)
{
	struct strv links A_CLEANUP(strv_free) = {0};

	if (find_paths(dir, ".", LINKS, &links, fault) < 0)
		return -1;
	for (size_t i = 0; i < links.count; i++)
		if (!strset_has(wanted, links.items[i]) &&
		    is_our_link(dir, build_dir, links.items[i]) &&
		    unlinkat(dir, links.items[i], 0) < 0)
			return failed(fault, "remove", links.items[i]);
	return 0;
}

/* The paths to link; the outputs that a source is in the way of become FILE_FOREIGN. */
static int choose(const struct project *sources, const char *artifact, struct output *outputs,
    size_t count, struct strv *chosen, struct fault *fault)
{
	struct strv paths A_CLEANUP(strv_free) = {0};

	if (find_paths(sources->dir, ".", FILES_AND_LINKS, &paths, fault) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		const char *path = paths.items[i];
		enum ownership found;
		struct output *output = NULL;

		for (size_t k = 0; k < count && !output; k++)
			if (!strcmp(outputs[k].path, path))
				output = &outputs[k];
		/* generated files are at the top */
		if (!strchr(path, '/')) {
			if (project_ownership(sources, path, &found, fault) < 0)
				return -1;
			if (found == FILE_OURS || project_is_built(sources->dir, path))
				continue;
		}
		if (output)
			output->found = FILE_FOREIGN;
		else if (strcmp(path, artifact) != 0) /* it would be written to through the link */
			strv_add(chosen, path);
	}
	return 0;
}

/* A directory without files is what is left of one of the sources. */
static void remove_empty(int dir, const char *path)
{
	struct strv below A_CLEANUP(strv_free) = {0};
	struct fault ignored;

	if (find_paths(dir, path, DIRECTORIES, &below, &ignored) < 0)
		return;
	strv_sort(&below); /* each comes before those in it */
	for (size_t i = below.count; i-- > 0;) {
		struct buf one A_CLEANUP(buf_free) = {0};

		buf_printf(&one, "%s/%s", path, below.items[i]);
		(void)unlinkat(dir, buf_str(&one), AT_REMOVEDIR);
	}
	(void)unlinkat(dir, path, AT_REMOVEDIR);
}

static int make_link(int dir, const char *build_dir, const char *path, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	link_text(build_dir, path, &text);
	if (symlinkat(buf_str(&text), dir, path) == 0)
		return 0;
	if (errno != EEXIST)
		return failed(fault, "link", path);
	/* the link itself; what the builder has made; or a directory that is a file now */
	if (!is_our_link(dir, build_dir, path))
		remove_empty(dir, path);
	if (symlinkat(buf_str(&text), dir, path) < 0 && errno != EEXIST)
		return failed(fault, "link", path);
	return 0;
}

int buildtree_update(const struct project *sources, const struct project *tree,
    const struct rec *record, struct output *outputs, size_t count, struct fault *fault)
{
	const char *build_dir = rec_get(record, "build.dir");
	struct strv paths A_CLEANUP(strv_free) = {0};
	struct strset wanted A_CLEANUP(strset_free) = {0};
	uint32_t ignored = 0;

	if (choose(sources, rec_get(record, "artifact"), outputs, count, &paths, fault) < 0)
		return -1;
	if (tree->lock < 0)
		return 0;
	for (size_t i = 0; i < paths.count; i++)
		(void)strset_add(&wanted, paths.items[i], &ignored);
	if (remove_stale(tree->dir, build_dir, &wanted, fault) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		const char *path = paths.items[i];

		if (make_parents(tree->dir, path, i ? paths.items[i - 1] : NULL, fault) < 0 ||
		    make_link(tree->dir, build_dir, path, fault) < 0)
			return -1;
	}
	return 0;
}
