/*
 * What a program prints, made fit for a terminal: text, line breaks, tabs and colours come through
 * as they are, but nothing that commands the terminal (moves, titles, answers, the clipboard) and
 * nothing that hides what stands before it in a line.
 *
 *     LF, CR LF, tab, UTF-8                  as they are
 *     ESC [ digits, ; and : m                as it is (ECMA-48's SGR)
 *     other control characters, ESC          as ^ and a letter: ^[ ^M ^?
 *     U+0080 to U+009F, what isn't UTF-8     ?
 *
 * It works on bytes as they come, in pieces of any size: what is begun (a character, a colour, a CR
 * before a LF) is kept until it can be told.
 */
#ifndef MIRARI_CORE_SCREEN_H
#define MIRARI_CORE_SCREEN_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { SCREEN_HELD_MAX = 40 };

/* Zeroed at first. */
struct screen {
	char held[SCREEN_HELD_MAX];
	size_t length; /* of held */
	bool coloured; /* the last colour set isn't the terminal's own */
};

void screen_add(struct screen *s, struct buf *into, const char *bytes, size_t length);

/* No more comes: what is begun is shown, and colours are the terminal's own again. */
void screen_end(struct screen *s, struct buf *into);

#endif
