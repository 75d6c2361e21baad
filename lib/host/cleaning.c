#include "host/cleaning.h"

#include "core/fd.h"
#include "core/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void cleaning_free(struct cleaning *plan)
{
	strv_free(&plan->build);
	strv_free(&plan->ours);
	strv_free(&plan->trees);
	strv_free(&plan->edited);
	strv_free(&plan->state);
}

/* Sorts the listed files into those to remove and those to leave. */
static int plan_files(
    const struct project *p, bool force, struct cleaning *plan, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *path = p->list[i].path;
		enum ownership found;

		if (strv_has(&plan->ours, path) || strv_has(&plan->edited, path))
			continue;
		if (project_ownership(p, path, &found, fault) < 0)
			return -1;
		if (found == FILE_OURS || (found == FILE_FOREIGN && force))
			strv_add(&plan->ours, path);
		else if (found == FILE_FOREIGN)
			strv_add(&plan->edited, path);
	}
	return 0;
}

/* The builder cleans up after itself, as long as the file that drives it goes too. */
static void plan_build(const char *dir, struct cleaning *plan)
{
	if (strv_has(&plan->ours, "Makefile"))
		strv_list(&plan->build, "make", "-s", "-C", dir, "clean");
	else if (strv_has(&plan->ours, "dune"))
		strv_list(&plan->build, "dune", "clean", "--root", dir);
}

static bool is_built_link(int dir, const char *name)
{
	return !strncmp(name, "mir-", 4) && project_is_built(dir, name);
}

static bool is_state(int dir, const char *name)
{
	(void)dir;
	return !strcmp(name, "generated") || !strcmp(name, "configured") ||
	       !strcmp(name, "configured.new") || !strcmp(name, "new") || !strcmp(name, "trees");
}

/* The entries of a directory for which `test` is true, with a prefix in front. No directory, no
 * entries. */
static int plan_entries(const struct project *p, const char *dir, const char *prefix,
    bool (*test)(int dir, const char *name), struct strv *into, struct fault *fault)
{
	DIR *open_dir A_CLEANUP(dir_close) = dir_open(p->dir, dir);
	struct dirent *entry;

	if (!open_dir && errno == ENOENT)
		return 0;
	if (!open_dir)
		return fault_errno(fault, 0, errno, "%s", dir);
	while ((entry = readdir(open_dir)))
		if (test(dirfd(open_dir), entry->d_name))
			strv_addf(into, "%s%s", prefix, entry->d_name);
	return 0;
}

static void add_existing(const struct project *p, const char *path, struct strv *into)
{
	if (faccessat(p->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		strv_add(into, path);
}

/* Everything in a tree has been made, but for what somebody has edited there. */
static int plan_tree(const struct project *p, const char *dir, const char *name, bool force,
    struct cleaning *plan, struct fault *fault)
{
	struct project tree A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct buf path A_CLEANUP(buf_free) = {0};
	size_t edited = plan->edited.count;

	buf_printf(&path, "%s/%s", dir, name);
	if (project_open(&tree, buf_str(&path), false, fault) < 0)
		return -1;
	for (size_t i = 0; !force && i < tree.count; i++) {
		enum ownership found;

		if (project_ownership(&tree, tree.list[i].path, &found, fault) < 0)
			return -1;
		buf_clear(&path);
		buf_printf(&path, "%s/%s", name, tree.list[i].path);
		if (found == FILE_FOREIGN && !strv_has(&plan->edited, buf_str(&path)))
			strv_add(&plan->edited, buf_str(&path));
	}
	if (plan->edited.count > edited) {
		plan->keep_dunes = plan->build.count && !strcmp(plan->build.items[0], "dune");
		return 0;
	}
	add_existing(p, name, &plan->trees);
	buf_clear(&path);
	buf_printf(&path, "%s.log", name);
	add_existing(p, buf_str(&path), &plan->trees);
	return 0;
}

static int plan_trees(const struct project *p, const char *dir, bool force, struct cleaning *plan,
    struct fault *fault)
{
	struct strv trees A_CLEANUP(strv_free) = {0};

	project_trees(p, &trees);
	for (size_t i = 0; i < trees.count; i++)
		if (plan_tree(p, dir, trees.items[i], force, plan, fault) < 0)
			return -1;
	return 0;
}

void cleaning_parents(const struct cleaning *plan, struct strv *into)
{
	for (size_t i = 0; i < plan->trees.count; i++) {
		const char *path = plan->trees.items[i];

		for (size_t end = strlen(path); end-- > 0;) {
			struct buf parent A_CLEANUP(buf_free) = {0};

			if (path[end] != '/')
				continue;
			buf_add(&parent, path, end);
			if (!strv_has(into, buf_str(&parent)))
				strv_add(into, buf_str(&parent));
		}
	}
}

void cleaning_trees_command(const struct cleaning *plan, const char *dir, struct strv *into)
{
	strv_list(into, "rm", "-rf", "--");
	for (size_t i = 0; i < plan->trees.count; i++)
		strv_addf(into, "%s/%s", dir, plan->trees.items[i]);
}

static void add_remove(struct buf *text, const char *dir, const struct strv *paths)
{
	if (!paths->count)
		return;
	buf_adds(text, "rm -f --");
	for (size_t i = 0; i < paths->count; i++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", dir, paths->items[i]);
		buf_addc(text, ' ');
		shell_word(text, buf_str(&path));
	}
	buf_addc(text, '\n');
}

void cleaning_show(const struct cleaning *plan, const char *dir, struct buf *text)
{
	struct buf state A_CLEANUP(buf_free) = {0};
	struct strv trees A_CLEANUP(strv_free) = {0}, parents A_CLEANUP(strv_free) = {0};

	if (plan->trees.count) {
		cleaning_trees_command(plan, dir, &trees);
		shell_command(text, &trees);
		buf_addc(text, '\n');
	}
	cleaning_parents(plan, &parents);
	for (size_t i = 0; i < parents.count; i++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", dir, parents.items[i]);
		buf_adds(text, "rmdir --ignore-fail-on-non-empty -- ");
		shell_word(text, buf_str(&path));
		buf_addc(text, '\n');
	}
	if (plan->build.count) {
		shell_command(text, &plan->build);
		buf_addc(text, '\n');
	}
	add_remove(text, dir, &plan->ours);
	add_remove(text, dir, &plan->state);
	if (!plan->edited.count) {
		buf_printf(&state, "%s/.mirari", dir);
		buf_adds(text, "rmdir --ignore-fail-on-non-empty -- ");
		shell_word(text, buf_str(&state));
		buf_addc(text, '\n');
	}
}

int cleaning_plan(struct cleaning *plan, const struct project *p, const char *dir, bool force,
    struct fault *fault)
{
	if (plan_files(p, force, plan, fault) < 0)
		return -1;
	plan_build(dir, plan);
	if (plan_trees(p, dir, force, plan, fault) < 0)
		return -1;
	if (plan_entries(p, ".", "", is_built_link, &plan->ours, fault) < 0)
		return -1;
	if (plan->keep_dunes) {
		strv_free(&plan->build);
		strv_free(&plan->ours);
	}
	/* an edited file is still to be known as one that was generated */
	if (!plan->edited.count &&
	    plan_entries(p, ".mirari", ".mirari/", is_state, &plan->state, fault) < 0)
		return -1;
	strv_sort(&plan->state);
	return 0;
}
