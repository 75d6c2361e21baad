/*
 * Arguments of a unikernel as one line, which is all that a tender, QEMU or urunc hands over: the
 * guest splits it again. MirageOS does that by mirage-bootvar's parse_argv (parse-argv before): at
 * blanks, where a backslash makes any character plain, and quotes hold blanks. Releases before 0.3
 * know all white space and both kinds of quotes, later ones the blank and ". An empty argument
 * can't be told: all of them drop it.
 */
#ifndef MIRARI_RENDER_GUESTARGS_H
#define MIRARI_RENDER_GUESTARGS_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

/* HVT_CMDLINE_SIZE, SPT_CMDLINE_SIZE, virtio's cmdline[], less their NUL. */
enum { GUESTARGS_LINE_MAX = 8191 };

/* Adds the arguments, each escaped so that the guest gets it back as it is. EX_DATAERR: an empty
 * one, or more than GUESTARGS_LINE_MAX altogether. */
int guestargs_escape(
    const struct strv *arguments, struct strv *into, struct fault *fault) A_MUST_CHECK;

/* Appends the line that escaped ones make. */
void guestargs_line(const struct strv *escaped, struct buf *into);

#endif
