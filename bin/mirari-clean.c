/* mirari clean: removes what was generated and built, and nothing that a person wrote. */
#include "core/main.h"
#include "core/proc.h"
#include "core/shell.h"
#include "host/project.h"
#include "model/locate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct options {
	bool dry_run;
	bool force;
	bool quiet;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[5];
	static struct usage u = {
	    .tool = "mirari-clean",
	    .purpose = "remove what was generated and built",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples = "  mirari clean\n"
			"  mirari clean -n          # only say what that would remove\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'n', "dry-run", NULL, "remove nothing, say what would be", OPT_FLAG, &o->dry_run},
	    {'f', "force", NULL, "also remove generated files that were edited", OPT_FLAG,
		&o->force},
	    {'q', "quiet", NULL, "don't name what is removed", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static bool is_listed(const struct project *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->list[i].path, path))
			return true;
	return false;
}

/* The builder cleans up after itself, as long as the file that drives it is ours. */
static int clean_build(
    const struct options *o, const struct project *p, const char *dir, struct fault *fault)
{
	static const struct {
		const char *file;
		const char *command[6];
	} builders[] = {
	    {"Makefile", {"make", "-s", "clean"}},
	    {"dune", {"dune", "clean", "--root", "."}},
	};

	for (size_t i = 0; i < COUNT_OF(builders); i++) {
		struct strv command A_CLEANUP(strv_free) = {0};
		struct proc_io io = {.in = -1, .out = STDERR_FILENO, .dir = dir};
		enum ownership found;
		int status = 0;

		if (project_ownership(p, builders[i].file, &found, fault) < 0)
			return -1;
		if (found != FILE_OURS &&
		    !(o->force && found == FILE_FOREIGN && is_listed(p, builders[i].file)))
			continue;
		strv_add_words(&command, builders[i].command);
		if (o->dry_run) {
			say_note("would run %s %s in %s", command.items[0], command.items[2], dir);
			continue;
		}
		if (proc_run(&command, &io, &status, fault) < 0) {
			if (fault->status != EXIT_NOT_FOUND)
				return -1;
			say_note("%s is not on PATH: what it built is left", command.items[0]);
		}
		if (status)
			return fault_set(
			    fault, EXIT_NO, "%s failed with status %d", command.items[0], status);
	}
	return 0;
}

/* Sorts the listed files into those to remove and those to leave. */
static int sort_files(const struct options *o, const struct project *p, struct strv *ours,
    struct strv *edited, struct fault *fault)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *path = p->list[i].path;
		enum ownership found;

		if (strv_has(ours, path) || strv_has(edited, path))
			continue;
		if (project_ownership(p, path, &found, fault) < 0)
			return -1;
		if (found == FILE_OURS || (found == FILE_FOREIGN && o->force))
			strv_add(ours, path);
		else if (found == FILE_FOREIGN)
			strv_add(edited, path);
	}
	return 0;
}

/* Links to programs of a name that the configuration no longer has: mir-NAME into _build or dist.
 */
static int remove_links(const struct options *o, const struct project *p, struct fault *fault)
{
	int fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return fault_errno(fault, 0, errno, "read the project's directory");
	while ((entry = readdir(dir))) {
		char target[8] = "";

		if (strncmp(entry->d_name, "mir-", 4) ||
		    readlinkat(fd, entry->d_name, target, sizeof target) < 0 ||
		    (memcmp(target, "_build/", 7) && memcmp(target, "dist/", 5)))
			continue;
		if (o->dry_run)
			say_note("would remove %s", entry->d_name);
		else
			(void)unlinkat(fd, entry->d_name, 0); /* gone already is fine */
	}
	closedir(dir);
	return 0;
}

/* What is kept in .mirari: the list, the record; never templates/. */
static int remove_state(const struct project *p, struct fault *fault)
{
	int fd = openat(p->dir, ".mirari", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return fault_errno(fault, 0, errno, ".mirari");
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name, *dot = strrchr(name, '.');

		if (!strcmp(name, "generated") || !strcmp(name, "new") ||
		    !strcmp(name, "configured") || (dot && !strcmp(dot, ".new")))
			(void)unlinkat(fd, name, 0); /* gone already is fine */
	}
	closedir(dir);
	(void)unlinkat(p->dir, ".mirari", AT_REMOVEDIR); /* stays when templates are in it */
	return 0;
}

static int remove_files(const struct options *o, struct project *p, const struct strv *ours,
    const struct strv *edited, struct fault *fault)
{
	for (size_t i = 0; i < ours->count; i++) {
		if (!o->dry_run && unlinkat(p->dir, ours->items[i], 0) < 0 && errno != ENOENT)
			return fault_errno(fault, 0, errno, "remove %s", ours->items[i]);
		if (!o->quiet)
			say_note("%s %s", o->dry_run ? "would remove" : "removed", ours->items[i]);
	}
	for (size_t i = 0; i < edited->count; i++)
		say_note("left %s: edited by hand (--force removes it)", edited->items[i]);
	return o->dry_run || edited->count ? 0 : remove_state(p, fault);
}

static int clean(const struct options *o, const char *file)
{
	struct located at A_CLEANUP(located_free) = {0};
	struct project p A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct strv ours A_CLEANUP(strv_free) = {0}, edited A_CLEANUP(strv_free) = {0};
	struct fault fault;
	const char *dir;

	if (locate_config(file, &at, &fault) < 0)
		return say_fault(&fault);
	dir = buf_str(&at.dir);
	if (project_open(&p, dir, false, &fault) < 0)
		return say_fault(&fault);
	if (!p.count) {
		if (!o->quiet)
			say_note("%s: nothing has been generated", dir);
		/* a configure that was refused has left its directory */
		if (!o->dry_run && faccessat(p.dir, ".mirari", F_OK, 0) == 0 &&
		    remove_state(&p, &fault) < 0)
			return say_fault(&fault);
		return EX_OK;
	}
	if (!o->dry_run) {
		project_close(&p);
		if (project_open(&p, dir, true, &fault) < 0)
			return say_fault(&fault);
	}
	if (clean_build(o, &p, dir, &fault) < 0 || remove_links(o, &p, &fault) < 0 ||
	    sort_files(o, &p, &ours, &edited, &fault) < 0 ||
	    remove_files(o, &p, &ours, &edited, &fault) < 0)
		return say_fault(&fault);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	const char *file;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &file);
	return status < 0 ? clean(&o, file) : status;
}
