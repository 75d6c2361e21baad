/* A record that came from outside, against the key registry. */
#ifndef MIRARI_MODEL_CHECK_H
#define MIRARI_MODEL_CHECK_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"

/* Every value of a registered key must be of its type; keys that nobody registered pass. A record
 * may have been written by anyone, so each tool checks what it reads. EX_DATAERR. */
int check_record(const struct rec *record, struct fault *fault) A_MUST_CHECK;

/* What a tool that reads a record begins with: the record from standard input, --set applied,
 * checked. */
int check_input(struct rec *record, const struct strv *settings, struct fault *fault) A_MUST_CHECK;

/* The value of a key that the tool can't do without, or NULL with a fault (EX_DATAERR). */
const char *check_needed(const struct rec *record, const char *key, struct fault *fault);

#endif
