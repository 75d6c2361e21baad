/* Options --net DEVICE=…, --mac DEVICE=…, --block DEVICE=…: a device's fields of a record. */
#ifndef MIRARI_HOST_DEVICEOPTION_H
#define MIRARI_HOST_DEVICEOPTION_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

/* Appends each word DEVICE=VALUE as SECTION.DEVICE.KEY. A relative path ("path") is as seen from
 * here, even if the record's begin at its project. EX_USAGE, or EX_DATAERR as rec_add. */
int deviceoption_add(const char *section, const char *key, const struct strv *words,
    struct rec *record, struct fault *fault) A_MUST_CHECK;

#endif
