/*
 * A record as the tree that its dotted keys describe: for writers of formats that nest. Keys of one
 * section must stand together, as config_resolve leaves them.
 */
#ifndef MIRARI_MODEL_TREE_H
#define MIRARI_MODEL_TREE_H

#include "core/rec.h"
#include "model/keys.h"

#include <stddef.h>

struct tree_writer {
	void *context;
	/* depth is 1 for a section at the top level */
	void (*open)(void *context, const char *name, size_t depth);
	void (*close)(void *context, size_t depth);
	/* `count` fields with the same key; `key` is NULL for one that isn't in the registry */
	void (*leaf)(void *context, const char *name, const struct field *fields, size_t count,
	    const struct key *key, size_t depth);
};

void tree_walk(const struct rec *record, const struct tree_writer *writer);

#endif
