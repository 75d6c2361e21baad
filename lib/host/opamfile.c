#include "host/opamfile.h"

#include "core/fd.h"

#include <string.h>

enum { FILE_MAX_BYTES = 16 << 20 };

bool opamfile_read(const char *dir, const char *file, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	buf_printf(&path, "%s/%s", dir, file);
	into->max = FILE_MAX_BYTES;
	return file_read(buf_str(&path), EX_DATAERR, into, &ignored) == 0;
}

/* Where the field's value begins: behind "field:" at the start of a line. */
static const char *find_field(const char *text, const char *field)
{
	size_t length = strlen(field);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, length) && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

/* A string in double quotes, with \" and \\ in it; NULL when it isn't ended. */
static const char *take_string(const char *p, struct strv *into)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		buf_addc(&text, *p);
	}
	if (*p != '"')
		return NULL;
	strv_add(into, buf_str(&text));
	return p + 1;
}

bool opamfile_strings(const char *text, const char *field, struct strv *into)
{
	const char *p = find_field(text, field);
	bool list;

	if (!p)
		return false;
	p += strspn(p, " \t\r\n");
	list = *p == '[';
	p += list;
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (list && *p == ']')
			return true;
		if (*p != '"' || !(p = take_string(p, into)))
			return false;
		if (!list)
			return true;
	}
}
