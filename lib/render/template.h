/*
 * Templates: files that read as what they generate, with places for values of the record.
 *
 *     @KEY@    the values of a key, written in the language of the file; they must be there
 *     @KEY?@   the same, but they may be missing
 *
 * KEY begins with a lower-case letter and is made of a-z, A-Z, 0-9, '_', '-' and '.'. Everything
 * else, other '@' included, stands for itself. There is no other logic.
 */
#ifndef MIRARI_RENDER_TEMPLATE_H
#define MIRARI_RENDER_TEMPLATE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "render/language.h"

/* Appends the rendered text. `name` is the template's, for messages. Faults: EX_DATAERR, with the
 * line and column of the place. */
int template_render(const char *name, const struct buf *text, enum language language,
    const struct rec *values, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
