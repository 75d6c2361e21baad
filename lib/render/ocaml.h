/* Text as OCaml source: the one place that escapes for it. */
#ifndef MIRARI_RENDER_OCAML_H
#define MIRARI_RENDER_OCAML_H

#include "core/buf.h"

#include <stddef.h>

/* Appends the bytes as a string literal (OCaml manual, 11.2 "String literals"). Any bytes; long
 * ones are broken over lines. */
void ocaml_string(struct buf *into, const char *bytes, size_t length);

#endif
