#include "render/systemd_text.h"

#include "core/utf8.h"

#include <limits.h>
#include <string.h>

/* systemd's LONG_LINE_MAX, with room for the setting's name. */
enum { LINE_ROOM = (1 << 20) - 64 };

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_-./:,=@+";

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static int check_utf8(const char *what, const char *text, struct fault *fault)
{
	if (utf8_valid(text, strlen(text)))
		return 0;
	return fault_set(
	    fault, EX_DATAERR, "%s: '%s' isn't UTF-8, which systemd needs", what, text);
}

static int check_path(const char *what, const char *path, struct fault *fault)
{
	if (check_utf8(what, path, fault) < 0)
		return -1;
	if (path[0] != '/')
		return fault_set(fault, EX_DATAERR, "%s: '%s' isn't an absolute path", what, path);
	if (strlen(path) >= PATH_MAX)
		return fault_set(fault, EX_DATAERR, "%s: the path is too long", what);
	return 0;
}

/* Of those that are read without C escapes: a line's end can't be in them. */
static int check_line(const char *what, const char *path, struct fault *fault)
{
	if (check_path(what, path, fault) < 0)
		return -1;
	if (path[strcspn(path, "\n\r")])
		return fault_set(fault, EX_DATAERR,
		    "%s: a unit file can't carry the line break in '%s'", what, path);
	return 0;
}

static void escape(char c, struct buf *into)
{
	if (c == '%')
		buf_adds(into, "%%");
	else if (c == '"' || c == '\\')
		buf_printf(into, "\\%c", c);
	else if (is_control(c))
		buf_printf(into, "\\x%02x", (unsigned)c);
	else
		buf_addc(into, c);
}

static void quote(const char *word, struct buf *into)
{
	if (*word && !word[strspn(word, plain)]) {
		buf_adds(into, word);
		return;
	}
	buf_addc(into, '"');
	for (const char *c = word; *c; c++)
		escape(*c, into);
	buf_addc(into, '"');
}

int systemd_word(const char *what, const char *word, struct buf *into, struct fault *fault)
{
	if (check_utf8(what, word, fault) < 0)
		return -1;
	quote(word, into);
	return 0;
}

/* systemd's string_is_safe() */
static int check_program(const char *what, const char *path, struct fault *fault)
{
	if (check_path(what, path, fault) < 0)
		return -1;
	for (const char *c = path; *c; c++)
		if (is_control(*c) || strchr("\"'\\", *c))
			return fault_set(fault, EX_DATAERR,
			    "%s: systemd executes no path with a quote, a backslash or a control "
			    "character: '%s'",
			    what, path);
	if (path[strlen(path) - 1] == '/')
		return fault_set(fault, EX_DATAERR, "%s: '%s' is a directory", what, path);
	return 0;
}

int systemd_command(
    const char *what, const struct strv *command, struct buf *into, struct fault *fault)
{
	size_t before = into->length;

	if (!command->count)
		return fault_set(fault, EX_DATAERR, "%s: there is no command", what);
	if (check_program(what, command->items[0], fault) < 0)
		return -1;
	/* switches variables off; doubling each $ would leave two of them in the program's path */
	for (size_t i = 0; i < command->count; i++)
		if (strchr(command->items[i], '$')) {
			buf_addc(into, ':');
			break;
		}
	for (size_t i = 0; i < command->count; i++) {
		if (i)
			buf_addc(into, ' ');
		if (systemd_word(what, command->items[i], into, fault) < 0)
			return -1;
	}
	if (into->length - before > LINE_ROOM)
		return fault_set(fault, EX_DATAERR, "%s: longer than a line may be (1 MiB)", what);
	return 0;
}

int systemd_path(const char *what, const char *path, struct buf *into, struct fault *fault)
{
	if (check_line(what, path, fault) < 0)
		return -1;
	if (!path[strspn(path, plain)]) {
		buf_adds(into, path);
		return 0;
	}
	buf_addc(into, '"');
	for (const char *c = path; *c; c++) {
		if (*c == '%' || *c == '"' || *c == '\\')
			escape(*c, into);
		else
			buf_addc(into, *c);
	}
	buf_addc(into, '"');
	return 0;
}

int systemd_directory(const char *what, const char *path, struct buf *into, struct fault *fault)
{
	size_t length = strlen(path);

	if (check_line(what, path, fault) < 0)
		return -1;
	for (const char *c = path; *c; c++) {
		if (*c == '%')
			buf_addc(into, '%');
		buf_addc(into, *c);
	}
	/* a blank there would be dropped, and a backslash would join the next line */
	if (strchr(" \t\\", path[length - 1]))
		buf_addc(into, '/');
	return 0;
}
