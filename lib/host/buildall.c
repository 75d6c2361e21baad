#include "host/buildall.h"

#include "core/fd.h"
#include "core/mem.h"
#include "host/project.h"
#include "model/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void buildall_free(struct buildall *all)
{
	for (size_t i = 0; i < all->count; i++) {
		verb_free(&all->verbs[i]);
		strv_free(&all->jobs[i].command);
		buf_free(&all->logs[i]);
	}
	free(all->verbs);
	free(all->jobs);
	free(all->logs);
	strv_free(&all->targets);
	*all = (struct buildall){0};
}

static const char *project_dir(const struct buildall *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (rec_get(&all->verbs[i].record, "config.dir"))
			return rec_get(&all->verbs[i].record, "config.dir");
	return NULL;
}

/* Two at once would be in each other's way; the lock is gone when we are. */
static int lock(
    const struct buildall *all, void (*waiting)(const char *dir), int *fd, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	if (project_make(project_dir(all), "_build", fault) < 0)
		return -1;
	buf_printf(&path, "%s/_build", project_dir(all));
	*fd = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return fault_errno(fault, 0, errno, "%s", buf_str(&path));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		waiting(buf_str(&path));
	while (flock(*fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, errno, "lock %s", buf_str(&path));
	return 0;
}

/* Noted already now: one that fails early leaves a log, too. A target whose directory can't be one
 * has ended with that. */
static void note_trees(struct buildall *all, void (*changed)(const struct job *job, void *context))
{
	for (size_t i = 0; i < all->count; i++) {
		const char *build_dir = rec_get(&all->verbs[i].record, "build.dir");
		struct job *job = &all->jobs[i];

		if (!build_dir || project_add_tree(project_dir(all), build_dir, &job->fault) == 0)
			continue;
		job->state = JOB_ENDED;
		job->status = job->fault.status;
		changed(job, all);
	}
}

static int plan_target(
    struct buildall *all, const struct verb *options, size_t i, struct fault *fault)
{
	struct verb *v = &all->verbs[i];
	int status;

	*v = *options;
	v->set = (struct strv){0};
	/* which target is the default one has been said with this */
	for (size_t k = 0; k < options->set.count; k++)
		if (strncmp(options->set.items[k], "target=", 7) != 0)
			strv_add(&v->set, options->set.items[k]);
	strv_addf(&v->set, "build.dir=_build/%s", all->targets.items[i]);
	v->target = all->targets.items[i];
	/* warnings have been given once, when the targets were asked for */
	v->quiet = v->quiet || !v->dry_run;
	status = verb_parse(v, fault);
	if (status < 0)
		return -1;
	all->jobs[i].state = status ? JOB_ENDED : JOB_WAITS;
	all->jobs[i].status = status;
	verb_build_command(v, &all->jobs[i].command);
	if (!status) {
		build_dir_path(&v->record, &all->logs[i]);
		buf_adds(&all->logs[i], ".log");
		all->jobs[i].log = buf_str(&all->logs[i]);
	}
	return 0;
}

int buildall_plan(struct buildall *all, const struct verb *options, struct fault *fault)
{
	int status = verb_targets(options, &all->targets, fault);

	if (status)
		return status;
	all->count = all->targets.count;
	all->verbs = mem_resize(NULL, all->count, sizeof *all->verbs);
	all->jobs = mem_resize(NULL, all->count, sizeof *all->jobs);
	all->logs = mem_resize(NULL, all->count, sizeof *all->logs);
	memset(all->verbs, 0, all->count * sizeof *all->verbs);
	memset(all->jobs, 0, all->count * sizeof *all->jobs);
	memset(all->logs, 0, all->count * sizeof *all->logs);
	for (size_t i = 0; i < all->count; i++)
		if (plan_target(all, options, i, fault) < 0)
			return -1;
	return 0;
}

/* dune leaves a copy of its program there and no link. */
static bool is_dunes_copy(const char *path, const char *dir, const char *name)
{
	struct buf built A_CLEANUP(buf_free) = {0}, copy A_CLEANUP(buf_free) = {0};
	struct buf original A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	struct stat st;

	buf_printf(&built, "%s/_build/default/%s", dir, name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       file_read(path, EX_DATAERR, &copy, &ignored) == 0 &&
	       file_read(buf_str(&built), EX_DATAERR, &original, &ignored) == 0 &&
	       copy.length == original.length &&
	       !memcmp(buf_str(&copy), buf_str(&original), copy.length);
}

static int publish_link(const struct rec *record, struct fault *fault)
{
	struct buf target A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
	struct buf name A_CLEANUP(buf_free) = {0};
	const char *dir = rec_get(record, "config.dir");
	char now[PATH_MAX];
	ssize_t length;

	artifact_from_project(record, &target);
	buf_printf(&name, "mir-%s", rec_get(record, "name"));
	buf_printf(&path, "%s/%s", dir, buf_str(&name));
	length = readlink(buf_str(&path), now, sizeof now);
	if (length >= 0 && (size_t)length == target.length &&
	    !memcmp(now, buf_str(&target), target.length))
		return 0;
	if (faccessat(AT_FDCWD, buf_str(&path), F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !project_is_built(AT_FDCWD, buf_str(&path)) &&
	    !is_dunes_copy(buf_str(&path), dir, buf_str(&name)))
		return fault_set(fault, EX_CANTCREAT,
		    "%s: is no link to something built: left as it is", buf_str(&path));
	if ((unlink(buf_str(&path)) < 0 && errno != ENOENT) ||
	    symlink(buf_str(&target), buf_str(&path)) < 0)
		return fault_errno(fault, EX_CANTCREAT, errno, "link %s", buf_str(&path));
	return 0;
}

int buildall_run(struct buildall *all, unsigned jobs,
    void (*changed)(const struct job *job, void *context), void (*waiting)(const char *dir),
    int *interrupted, struct fault *fault)
{
	struct jobserver server A_CLEANUP(jobserver_close) = {.take = -1, .give = -1, .read = -1};
	int locked A_CLEANUP(fd_close) = -1;

	*interrupted = 0;
	if (!project_dir(all))
		return 0;
	if (lock(all, waiting, &locked, fault) < 0)
		return -1;
	note_trees(all, changed);
	if (jobserver_open(&server, jobs, fault) < 0 ||
	    sidebyside_run(all->jobs, all->count, &server, changed, all, interrupted, fault) < 0)
		return -1;
	if (all->jobs[0].state != JOB_ENDED || all->jobs[0].status)
		return 0;
	return publish_link(&all->verbs[0].record, fault);
}

size_t buildall_failed(const struct buildall *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += all->jobs[i].state != JOB_ENDED || all->jobs[i].status;
	return n;
}

static const char *switch_of(const struct buildall *all, size_t i)
{
	const char *name = rec_get(&all->verbs[i].record, "switch");

	return name ? name : "-";
}

/* What the last column shows: what was made, or where to read why it wasn't. */
static void outcome(const struct buildall *all, size_t i, struct buf *result, struct buf *where)
{
	const struct job *job = &all->jobs[i];
	const struct rec *record = &all->verbs[i].record;

	if (job->state != JOB_ENDED) {
		buf_adds(result, "not built");
		buf_addc(where, '-');
		return;
	}
	if (job->status)
		buf_printf(result, "failed (%d)", job->status);
	else
		buf_adds(result, "built");
	if (!rec_get(record, "build.dir")) {
		buf_addc(where, '-');
		return;
	}
	if (job->status)
		buf_printf(where, "%s.log", rec_get(record, "build.dir"));
	else
		artifact_from_project(record, where);
}

void buildall_table(const struct buildall *all, struct buf *into)
{
	int widest = (int)strlen("SWITCH");

	for (size_t i = 0; i < all->count; i++)
		if ((int)strlen(switch_of(all, i)) > widest)
			widest = (int)strlen(switch_of(all, i));
	buf_printf(into, "%-12s %-*s %-13s %s\n", "TARGET", widest, "SWITCH", "RESULT", "FILE");
	for (size_t i = 0; i < all->count; i++) {
		struct buf result A_CLEANUP(buf_free) = {0}, where A_CLEANUP(buf_free) = {0};

		outcome(all, i, &result, &where);
		buf_printf(into, "%-12s %-*s %-13s %s\n", all->targets.items[i], widest,
		    switch_of(all, i), buf_str(&result), buf_str(&where));
	}
}

int buildall_records(const struct buildall *all, struct buf *into, struct fault *fault)
{
	static const char *const copied[] = {"name", "target", "config.dir", "switch", "build.dir"};

	for (size_t i = 0; i < all->count; i++) {
		const struct rec *from = &all->verbs[i].record;
		struct rec record A_CLEANUP(rec_free) = {0};
		struct buf status A_CLEANUP(buf_free) = {0}, artifact A_CLEANUP(buf_free) = {0};

		if (all->jobs[i].state != JOB_ENDED || !from->count)
			continue;
		for (size_t k = 0; k < COUNT_OF(copied); k++)
			if (rec_get(from, copied[k]) &&
			    rec_add(&record, copied[k], rec_get(from, copied[k]), fault) < 0)
				return -1;
		buf_printf(&status, "%d", all->jobs[i].status);
		artifact_path(from, &artifact);
		if (rec_add(&record, "build.status", buf_str(&status), fault) < 0 ||
		    rec_add(&record, "build.log", all->jobs[i].log, fault) < 0 ||
		    rec_add(&record, "artifact", buf_str(&artifact), fault) < 0)
			return -1;
		rec_write(&record, into);
	}
	return 0;
}
