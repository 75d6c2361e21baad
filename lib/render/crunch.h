/*
 * A directory as an OCaml module, Filesystem_NAME, with the files' bytes in it:
 *
 *     val file_list : string list                 in byte order
 *     val read : string -> string option          a leading '/' in a name is passed over
 *     val size : string -> int option
 *
 * The caller calls crunch_file for each file, then crunch_end with all their names.
 */
#ifndef MIRARI_RENDER_CRUNCH_H
#define MIRARI_RENDER_CRUNCH_H

#include "core/buf.h"
#include "core/strv.h"

void crunch_file(struct buf *into, size_t index, const struct buf *bytes);
void crunch_end(struct buf *into, const struct strv *names);

#endif
