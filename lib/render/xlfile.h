/*
 * A domain (model/domain.h) for xl: xl.cfg(5), whose grammar is tools/libs/util/libxlu_cfg_{l,y}
 * of Xen. The one place that escapes for it.
 *
 * xl.KEY of the record is written verbatim as `KEY=VALUE`, behind what is ours, and instead of it:
 * so it was with Mirari of 2013. Text without quotes gets some (model/xlvalue.h). A key that xl
 * doesn't know is worth a warning, as xl itself takes it in silence.
 */
#ifndef MIRARI_RENDER_XLFILE_H
#define MIRARI_RENDER_XLFILE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "model/domain.h"

/* Sets the domain's command line from the record's `arg` and these behind it (may be NULL), escaped
 * for the guest. EX_DATAERR as guestargs_escape has it, or when it is more than a PV kernel gets.
 */
int domain_arguments(struct domain *d, const struct strv *more, struct fault *fault) A_MUST_CHECK;

/* Appends the file. EX_DATAERR: something that its grammar can't carry. Warnings for people are
 * added to `warnings`: "xl.memroy: xl doesn't know that key; did you mean memory?". */
int xlfile(const struct domain *d, struct buf *into, struct strv *warnings,
    struct fault *fault) A_MUST_CHECK;

/* Appends a string, in quotes, as xl reads it back. There is none that it couldn't carry. */
void xl_string(struct buf *into, const char *text);

#endif
