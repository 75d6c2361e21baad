/*
 * A configuration as read from a file, before a target has been chosen: what is common, and what
 * differs per target. The readers (yaml_in, conf_in) fill it; config_resolve makes the record.
 */
#ifndef MIRARI_MODEL_CONFIG_H
#define MIRARI_MODEL_CONFIG_H

#include "core/attr.h"
#include "core/rec.h"
#include "core/report.h"
#include "core/strset.h"
#include "model/keys.h"

enum { CONFIG_MAX_BYTES = 64 << 20 };

struct config {
	const char *file; /* borrowed; for messages */
	struct rec common;
	struct rec targets[TARGET_COUNT];  /* what differs, by the order of targets[] */
	bool listed[TARGET_COUNT];         /* named under `targets` */
	struct strv emptied[TARGET_COUNT]; /* lists that a target replaces with nothing */
	bool is_conf;                      /* the format of 2013, for what messages advise */
	bool name_given, main_given;       /* be it with a wrong value */
	struct strset seen;                /* keys that have been given, per scope */
	struct buf scratch;
	struct rec made; /* by config_resolve: settings and defaults */
	struct report report;
};

void config_free(struct config *c);

/* Where a value goes: `into` is c->common or one of c->targets; `scope` names it in c->seen. Checks
 * key and value by the registry, reports what is wrong, else adds the field. */
void config_add(
    struct config *c, struct rec *into, struct place at, const char *key, const char *value);

/* The same for a key whose entry is known. */
void config_add_to(struct config *c, struct rec *into, struct place at, const struct key *entry,
    const char *key, const char *value);

/* Notes that a key was given. False, with an error reported, when it was there before. */
bool config_once(struct config *c, struct place at, const char *scope, const char *key);

/* Takes settings, KEY=VALUE as by --set, checked like a file's keys. To be called before
 * config_resolve; problems go into c->report. */
void config_set(struct config *c, const struct strv *settings);

/* The record of one target (NULL: the one that the file names, else unix-socket): what is common,
 * the target's own keys over it, the settings over both, and defaults where there is nothing. A
 * list or value replaces what it is over as a whole. Sections come in the registry's order, and
 * what belongs to one device stands together. Problems go into c->report. The record borrows from
 * the configuration and from `target`: both must outlive it. */
void config_resolve(struct config *c, const char *target, struct rec *into);

/* Adds the targets that the configuration has: the one that config_resolve would take without being
 * told, then the others that it lists, in the order of targets[]. */
void config_targets(const struct config *c, struct strv *into);

/* The readers. What is wrong goes into c->report; the record is of use only without errors.
 *
 * conf_read reads the `key: value` lines of 2013 as Mirari 0.9.7 did (lib/mirari.ml and lib/util.ml
 * of its release): split at the first ':', the value stripped, the key not; the first of several
 * values counts; `fs`, `ip`, `http`, `main` and `xl` in front of a '-' may begin with a capital.
 * What 0.9.7 ignored in silence is a warning. */
void yaml_read(struct config *c, const struct buf *text);
void conf_read(struct config *c, const struct buf *text);

/* Appends the record as a YAML configuration that resolves to the same record again. */
int yaml_write(const struct rec *record, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
