/* The few fields that we read of opam's own files ("Common file format" of the opam manual). */
#ifndef MIRARI_HOST_OPAMFILE_H
#define MIRARI_HOST_OPAMFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/strv.h"

#include <stdbool.h>

/* Reads DIR/FILE; false when it can't be. */
bool opamfile_read(const char *dir, const char *file, struct buf *into) A_MUST_CHECK;

/* Adds the strings of a top-level field: of `field: "one"`, or of `field: ["a" "b"]` on one line or
 * many. False when the field isn't there or isn't one of these shapes. */
bool opamfile_strings(const char *text, const char *field, struct strv *into) A_MUST_CHECK;

#endif
