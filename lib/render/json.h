/* JSON (RFC 8259): the one place that escapes for it. */
#ifndef MIRARI_RENDER_JSON_H
#define MIRARI_RENDER_JSON_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"

/* Appends the text as a JSON string; -1 when it isn't UTF-8, which JSON can't carry. */
int json_string(struct buf *into, const char *text) A_MUST_CHECK;

/* Appends the record as one object: sections nest, lists are arrays, numbers and booleans are
 * themselves by the registry's types, keys that it doesn't know are arrays of strings. */
int json_record(const struct rec *record, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
