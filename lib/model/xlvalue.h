/*
 * Values of an xl file, as a record's xl.KEY has them: what xl itself reads in them. Source: the
 * grammar in tools/libs/util/libxlu_cfg_{l.l,y.y} of Xen, and libxlu_cfg.c for what a backslash
 * means.
 *
 *     value   = string / number / "[" [ value *( "," value ) [ "," ] ] "]"
 *     string  = ' or " , any bytes but a line's end and that quote, the same quote
 *     number  = digit *( digit / a-f / x )
 *
 * In a string \\ \' \" \a \b \f \n \r \t \v are one byte each; xl's escapes by number never worked
 * (\x is always refused, digits are dropped in silence), and are refused here. Behind a value there
 * may be a ";" and a comment (#). xl knows no text without quotes: one that could mean nothing else
 * is taken for a string. So is `destroy`, but not `it's` or `a; b`.
 */
#ifndef MIRARI_MODEL_XLVALUE_H
#define MIRARI_MODEL_XLVALUE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>

enum xlvalue_kind { XLVALUE_STRING, XLVALUE_NUMBER, XLVALUE_LIST };

struct xlvalue {
	enum xlvalue_kind kind;
	struct strv items; /* the one string or number; a list's, those of lists in it, too */
	bool bare;         /* it has no quotes: to be written as a string */
};

void xlvalue_free(struct xlvalue *v);

/* -1: xl could not read it; why has been appended to *why: "has no closing \"". `v` is zeroed. */
int xlvalue_read(const char *text, struct xlvalue *v, struct buf *why) A_MUST_CHECK;

/* NULL when xl takes it as a key, else the reason as a phrase. */
const char *xlvalue_key_problem(const char *key);

/* The key behind "xl." of a record's field, or NULL. */
const char *xlvalue_key(const char *field);

/* The fields xl.KEY of a record, in their order; of those with the same key only the last, which
 * counts. They are borrowed from it. */
void xlvalue_collect(const struct rec *record, struct rec *xl);

/* EX_DATAERR, naming xl.KEY, when one of these can't be read. */
int xlvalue_check(const struct rec *xl, struct fault *fault) A_MUST_CHECK;

/* Of those that xlvalue_check has passed: the value of KEY. False: there is none. */
bool xlvalue_get(const struct rec *xl, const char *key, struct xlvalue *v);

/* The same for one that has to be a string or number: its text, appended. False, too, for a list.
 */
bool xlvalue_text(const struct rec *xl, const char *key, struct buf *into);

#endif
