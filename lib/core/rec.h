/*
 * Records: what the tools say to each other. The format is mirari-records(5):
 *
 *     record  = *( key "=" value LF ) LF          the empty line ends it
 *     key     = segment *( "." segment )          first [a-z][a-z0-9_-]*, others [A-Za-z0-9_-]+
 *     value   = any bytes but NUL, LF, CR         split at the first "="
 *
 * A struct rec holds one record: fields in their order, keys repeated or not. Keys and values that
 * it hands out are borrowed and stay where they are until rec_free; a zeroed rec is a valid empty
 * one. Nothing that the format can't carry gets in.
 */
#ifndef MIRARI_CORE_REC_H
#define MIRARI_CORE_REC_H

#include "core/arena.h"
#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/lineread.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stddef.h>

struct field {
	const char *key;
	const char *value;
};

struct rec {
	struct field *fields; /* owned; the strings belong to the arena */
	size_t count;
	size_t room;
	struct arena strings;
};

/* for (size_t i = 0; rec_each(rec, "depends", &i, &value); ) — every value of a key, in order. */
bool rec_each(const struct rec *r, const char *key, size_t *i, const char **value);

void rec_free(struct rec *r);

/* NULL when the key or value can be carried, else the reason as a phrase ("contains a newline"). */
const char *rec_key_problem(const char *key);
const char *rec_value_problem(const char *value);

/* Appends a field; EX_DATAERR when the format can't carry it. */
int rec_add(struct rec *r, const char *key, const char *value, struct fault *fault) A_MUST_CHECK;

/* Appends a field of another record, which must outlive this one. */
void rec_borrow(struct rec *r, const struct field *field);

/* Takes out every field with the key, if there is one. */
void rec_remove(struct rec *r, const char *key);

/* The last value of the key (the one that counts where a key has one value), or NULL. */
const char *rec_get(const struct rec *r, const char *key);
void rec_get_all(const struct rec *r, const char *key, struct strv *into);

/* Reads one record. 1: there it is. 0: the input ended before one began. -1: a fault (EX_DATAERR
 * for anything malformed, an end before the empty line included). */
int rec_read(struct rec *r, struct lineread *from, struct fault *fault) A_MUST_CHECK;

/* Reads the one record that is on standard input; none, or more than one, is EX_DATAERR. */
int rec_read_stdin(struct rec *r, struct fault *fault) A_MUST_CHECK;

/* Appends the record's text, with the empty line. */
void rec_write(const struct rec *r, struct buf *into);

/* The --set KEY=VALUE options of a tool: the first for a key replaces what the record has, the
 * others add to it. EX_USAGE for a malformed one. */
int rec_apply(struct rec *r, const struct strv *settings, struct fault *fault) A_MUST_CHECK;

#endif
