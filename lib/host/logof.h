/* The log of an instance, by its name: also of one that was removed, when its logs were kept. */
#ifndef MIRARI_HOST_LOGOF_H
#define MIRARI_HOST_LOGOF_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/instance.h"

/* Appends the path of NAME.log, and reads the instance. EXIT_NO, with the hint mirari ps
 * --all, when there is neither an instance of that name nor a log. Without an instance, the one
 * that is read has no name and isn't live. */
int logof(const struct instances *s, const char *name, struct buf *path, struct instance *into,
    struct fault *fault) A_MUST_CHECK;

#endif
