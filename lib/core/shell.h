/* Text for a POSIX shell: the one place that quotes for it. */
#ifndef MIRARI_CORE_SHELL_H
#define MIRARI_CORE_SHELL_H

#include "core/buf.h"
#include "core/strv.h"

/* Appends the word so that a shell reads it back as it is; quotes only where needed. */
void shell_word(struct buf *into, const char *word);

/* The words of a command with blanks between them. */
void shell_command(struct buf *into, const struct strv *command);

#endif
