#include "core/shell.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_-./:,@%+";

void shell_word(struct buf *into, const char *word)
{
	if (*word && !word[strspn(word, plain)]) {
		buf_adds(into, word);
		return;
	}
	buf_addc(into, '\'');
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			buf_adds(into, "'\\''");
		else
			buf_addc(into, *p);
	}
	buf_addc(into, '\'');
}

void shell_command(struct buf *into, const struct strv *command)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i)
			buf_addc(into, ' ');
		shell_word(into, command->items[i]);
	}
}
