/* Foreign text in messages: nothing of it may command a terminal, or pass for a line of ours. */
#ifndef MIRARI_CORE_PRINTABLE_H
#define MIRARI_CORE_PRINTABLE_H

#include "core/buf.h"

/* Appends the text with '?' for every control character (C0, DEL, C1), line breaks included, and
 * for every byte that isn't part of well-formed UTF-8. */
void printable_add(struct buf *into, const char *text);

#endif
