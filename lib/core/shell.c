#include "core/shell.h"

#include <stdbool.h>
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

/* Words that a shell, bash included, takes for its own where a command begins. */
static bool is_reserved(const char *word)
{
	static const char *const reserved[] = {"case", "coproc", "do", "done", "elif", "else",
	    "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until",
	    "while"};

	for (size_t i = 0; i < COUNT_OF(reserved); i++)
		if (!strcmp(word, reserved[i]))
			return true;
	return false;
}

void shell_command(struct buf *into, const struct strv *command)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i)
			buf_addc(into, ' ');
		if (i == 0 && is_reserved(command->items[i]))
			buf_printf(into, "'%s'", command->items[i]);
		else
			shell_word(into, command->items[i]);
	}
}
