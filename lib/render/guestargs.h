/*
 * Arguments of a unikernel as one line, which is all that a tender, QEMU or urunc hands over: the
 * guest splits it again. MirageOS does that by mirage-bootvar's parse_argv (parse-argv before): at
 * blanks, where a backslash makes any character plain, and quotes hold blanks. Releases before 0.3
 * know all white space and both kinds of quotes, later ones the blank and ".
 */
#ifndef MIRARI_RENDER_GUESTARGS_H
#define MIRARI_RENDER_GUESTARGS_H

#include "core/buf.h"

/* Appends one argument so that the guest gets it back as it is; but for an empty one, which all
 * releases drop. */
void guestargs_add(struct buf *into, const char *argument);

#endif
