/* A table for people: columns as wide as their widest cell, two blanks between them. */
#ifndef MIRARI_CORE_TABLE_H
#define MIRARI_CORE_TABLE_H

#include "core/buf.h"
#include "core/strv.h"

#include <stddef.h>

/* Appends the cells as lines of `columns` each, the first line being the heading; the last line may
 * be short. Control characters are replaced (core/printable.h); widths count characters. */
void table_add(struct buf *into, const struct strv *cells, size_t columns);

#endif
