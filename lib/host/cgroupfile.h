/* The files of a control group (cgroup-v2.rst), by its open directory. */
#ifndef MIRARI_HOST_CGROUPFILE_H
#define MIRARI_HOST_CGROUPFILE_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* 0, or -1 with errno set. Nothing is created. */
int cgroupfile_read(int dir, const char *file, struct buf *into) A_MUST_CHECK;
int cgroupfile_write(int dir, const char *file, const char *value) A_MUST_CHECK;

/* The number behind `key` (with its blank) in a file; without a key, the one that is all of it.
 * False when there is none. */
bool cgroupfile_number(int dir, const char *file, const char *key, uint64_t *number) A_MUST_CHECK;

/* Is the word among those that blanks separate? */
bool cgroupfile_has_word(const char *words, const char *word);

/* Kills what is in the group and in those below it. */
void cgroupfile_kill(int dir);

/* Kills it, and removes the group `name` below `above` with all groups in it. False, with errno,
 * when something of it is still there after a second. */
bool cgroupfile_remove(int above, const char *name) A_MUST_CHECK;

#endif
