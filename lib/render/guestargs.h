/*
 * Arguments of a unikernel as one line, which is all that a tender, QEMU or urunc hands over: the
 * guest splits it again. MirageOS does that with the library parse-argv: at blanks, where a
 * backslash makes any character plain, and double quotes hold blanks.
 */
#ifndef MIRARI_RENDER_GUESTARGS_H
#define MIRARI_RENDER_GUESTARGS_H

#include "core/buf.h"

/* Appends one argument so that the guest gets it back as it is. */
void guestargs_add(struct buf *into, const char *argument);

#endif
