/* A table for people: columns as wide as their widest cell, two blanks between them. */
#ifndef MIRARI_CORE_TABLE_H
#define MIRARI_CORE_TABLE_H

#include "core/buf.h"
#include "core/strv.h"

#include <stddef.h>

/* Appends the cells as lines of `columns` each, the first line being the heading; the last line may
 * be short. Control characters are replaced (core/printable.h); widths count characters. */
void table_add(struct buf *into, const struct strv *cells, size_t columns);

/* Adds a cell; where there is nothing to say (NULL, or no character), a "-". */
void table_cell(struct strv *cells, const char *text);

/* Adds an amount as 1.5K: at most four characters and a unit. `units` are what it is counted in and
 * what each 1024 of these make, such as "KMG"; a blank is no unit. */
void table_size(struct strv *cells, double amount, const char *units);

#endif
