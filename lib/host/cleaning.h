/* What cleaning a project means: all of it, before any of it is done. */
#ifndef MIRARI_HOST_CLEANING_H
#define MIRARI_HOST_CLEANING_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/project.h"

#include <stdbool.h>

/* Paths are relative to the project. */
struct cleaning {
	struct strv build;  /* the builder's own cleaning: a command, or none */
	struct strv ours;   /* generated files, and links to what was built */
	struct strv trees;  /* directories of builds, and their logs: removed whole */
	struct strv edited; /* generated files that somebody has edited: they stay */
	bool keep_dunes;    /* dune's cleaning would remove an edited file in a tree with all of
			       _build: so what it works from stays as well */
	struct strv state;  /* what is kept in .mirari; never templates/ */
};

void cleaning_free(struct cleaning *plan);

/* The command that removes the trees. */
void cleaning_trees_command(const struct cleaning *plan, const char *dir, struct strv *into);

/* The directories that they were in, deepest first: to be removed where they are empty then. */
void cleaning_parents(const struct cleaning *plan, struct strv *into);

/* Fills the plan for the project in `dir`. With `force`, edited files go too. While some stay, so
 * does the state, which knows them as once generated. */
int cleaning_plan(struct cleaning *plan, const struct project *p, const char *dir, bool force,
    struct fault *fault) A_MUST_CHECK;

/* Appends it as shell. */
void cleaning_show(const struct cleaning *plan, const char *dir, struct buf *into);

#endif
