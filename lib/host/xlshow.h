/* Domains for people, or as records. */
#ifndef MIRARI_HOST_XLSHOW_H
#define MIRARI_HOST_XLSHOW_H

#include "core/buf.h"
#include "model/xllist.h"

#include <stdbool.h>

/* Appends a table, or a record for each: name, xen.domid, xen.uuid, xen.state, memory, cpus. */
void xlshow(const struct xl_list *all, bool table, struct buf *into);

#endif
