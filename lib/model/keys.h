/*
 * The key registry: every key that a record can have, its type, and who writes and reads it. The
 * configuration readers, the man pages (mirari-records(5), mirari-config(5)) and completion all
 * read this one table.
 */
#ifndef MIRARI_MODEL_KEYS_H
#define MIRARI_MODEL_KEYS_H

#include "core/attr.h"
#include "model/value.h"

#include <stdbool.h>
#include <stddef.h>

enum key_flag {
	KEY_LIST = 1,     /* may be repeated: an ordered list */
	KEY_RESULT = 2,   /* written by a tool; not a configuration's to set */
	KEY_OR_SCALAR = 4 /* a list that YAML may give as one scalar */
};

struct key {
	const char *pattern; /* "http.port"; a segment * stands for a name: "fs.*" */
	unsigned flags;
	struct value_rule rule;
	const char *producer;
	const char *meaning;
	const char
	    *star; /* what the name at * is made of, where that is less than a record allows */
};

extern const struct key keys[]; /* ended by one without a pattern */

/* The entry for a key of a record, or NULL. */
const struct key *key_find(const char *name);

/* What a dotted path is: a key, a section with keys below it, or nothing. For the first two, *entry
 * is the key, or the first key of the section. */
enum key_kind { KEY_UNKNOWN, KEY_SECTION, KEY_VALUE };
enum key_kind key_look_up(const char *path, const struct key **entry);

/* True when the path's last segment is a name of somebody's own: fs.NAME, net.DEV. */
bool key_is_named(const struct key *entry, const char *path);

/* False when the name at the key's * is made of something that `star` doesn't have. */
bool key_star_allowed(const struct key *key, const char *name);

/* The place of a key's section (its first segment) in the table, for putting keys in order: less
 * than KEY_RANKS, the last of which is for sections that nobody registered. */
enum { KEY_RANKS = 96 };
size_t key_rank(const char *name);

/* What a section is made of: keys of ours; names of somebody's own (fs.NAME); devices with keys of
 * ours (net.DEVICE.KEY). */
enum section_kind { SECTION_KEYS, SECTION_NAMES, SECTION_DEVICES };
enum section_kind key_section_kind(size_t rank);

/* The nearest name for what somebody wrote where `prefix` is the section ("" at the top): the
 * segment, or NULL. The answer lives until the next call. */
const char *key_suggest(const char *prefix, const char *segment);

/* The targets, in the order of the design; NULL ends them. */
extern const char *const targets[];
enum { TARGET_COUNT = 6 };
#define TARGET_WORDS "unix-socket unix-direct hvt spt virtio xen"

/* The place in targets[], or -1. */
int target_find(const char *name);

/* Is it one of Solo5's that run on this host: hvt, spt or virtio? A tender or QEMU runs those. */
bool target_is_solo5(const char *name);

#endif
