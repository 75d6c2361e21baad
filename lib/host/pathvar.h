/*
 * An environment variable that is a list of directories, as opam changes it: by six operators, each
 * of which can be undone. The rules are opam's own (apply_op_zip and reverse_env_update of
 * src/state/opamEnv.ml), those of 2.1, or with `modern` those of 2.2 and later.
 */
#ifndef MIRARI_HOST_PATHVAR_H
#define MIRARI_HOST_PATHVAR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stddef.h>

struct pathvar {
	char *name;        /* owned */
	struct strv parts; /* what stands between the colons; none when it isn't set */
	size_t at;         /* where =+= puts its value: the place of one that was undone */
	bool changed;
	bool modern;
};

/* Starts from the environment's value. */
void pathvar_start(struct pathvar *v, const char *name, bool modern);
void pathvar_free(struct pathvar *v);

/* True for "=", "+=", "=+", "=+=", ":=" and "=:". */
bool pathvar_is_operator(const char *op);

void pathvar_apply(struct pathvar *v, const char *op, const char *value);

/* Takes out what the update has put in, if it is still there. */
void pathvar_undo(struct pathvar *v, const char *op, const char *value);

/* The value, appended; false when the variable is not to be set. */
bool pathvar_value(const struct pathvar *v, struct buf *into);

#endif
