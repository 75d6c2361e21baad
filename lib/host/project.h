/*
 * A project's directory and the files in it that are ours.
 *
 * .mirari/generated lists every file that we wrote, with a hash of what we wrote: lines of sixteen
 * hexadecimal digits, a blank, and the path. A file is ours to replace or remove while its bytes
 * have a listed hash. While files are being replaced the list has both hashes of each, so that a
 * kill at any moment leaves every file whole and ours. The directory .mirari is locked (flock)
 * meanwhile.
 *
 * .mirari/trees lists the directories that have been a build.dir, one a line. Each is a project of
 * its own in this sense, with everything in it made by us or by a builder.
 */
#ifndef MIRARI_HOST_PROJECT_H
#define MIRARI_HOST_PROJECT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ownership {
	FILE_ABSENT,
	FILE_SAME,   /* has the bytes already */
	FILE_OURS,   /* listed, and as we wrote it: to be replaced */
	FILE_FOREIGN /* edited by a person, or never ours */
};

/* A file to generate. */
struct output {
	char *path; /* relative to the project; owned */
	struct buf bytes;
	enum ownership found; /* by project_compare */
};

struct listed {
	uint64_t hash;
	char *path;
};

struct project {
	int dir;  /* open; -1 when it isn't there and nothing is to be written */
	int lock; /* open; -1 when nothing is to be written */
	struct listed *list;
	size_t count;
};

/* Makes the directory `below`, a relative path, and those above it up to `top`. */
int project_make(const char *top, const char *below, struct fault *fault) A_MUST_CHECK;

/* Opens the directory and reads its list. With `writing`, .mirari is created and locked: a second
 * one waits. Without, a directory that isn't there has no files. project_close may be called on a
 * zeroed project once its `dir` and `lock` are -1. */
int project_open(
    struct project *p, const char *dir, bool writing, struct fault *fault) A_MUST_CHECK;
void project_close(struct project *p);

/* Sets `found` of each output. */
int project_compare(const struct project *p, struct output *outputs, size_t count,
    struct fault *fault) A_MUST_CHECK;

/* The listed paths that no output has any more, and that are still as we wrote them. */
int project_stale(const struct project *p, const struct output *outputs, size_t count,
    struct strv *paths, struct fault *fault) A_MUST_CHECK;

/* Writes the outputs that differ, and removes `stale`. The caller has dealt with foreign ones: they
 * are replaced. */
int project_publish(struct project *p, const struct output *outputs, size_t count,
    const struct strv *stale, struct fault *fault) A_MUST_CHECK;

/* Notes that the project in `top` has a build.dir: one that is new, empty, or noted before, as all
 * in it is to be removed by cleaning. EX_CANTCREAT for another. */
int project_add_tree(const char *top, const char *build_dir, struct fault *fault) A_MUST_CHECK;

/* Adds those that were noted; what isn't a build.dir, or has a link in its path, is passed over. */
void project_trees(const struct project *p, struct strv *into);

/* Is this a link to what a builder has made, as all of ours leave one: into _build or dist? `path`
 * is relative to the open directory. */
bool project_is_built(int dir, const char *path);

/* What `clean` needs: every listed path, and whether it is (still) ours. */
int project_ownership(const struct project *p, const char *path, enum ownership *found,
    struct fault *fault) A_MUST_CHECK;

#endif
