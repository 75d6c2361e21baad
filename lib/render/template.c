#include "render/template.h"

#include <string.h>

/* The length of a place that begins here with '@', or 0 when the '@' stands for itself. */
static size_t place_length(const char *text)
{
	static const char in_key[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = 1 + strspn(text + 1, in_key);

	if (length == 1 || text[1] < 'a' || text[1] > 'z')
		return 0;
	length += text[length] == '?';
	return text[length] == '@' ? length + 1 : 0;
}

static int fill_place(const char *name, size_t line, size_t column, const char *place,
    size_t length, enum language language, const struct rec *values, struct buf *into,
    struct fault *fault)
{
	bool optional = place[length - 2] == '?';
	struct buf key A_CLEANUP(buf_free) = {0};
	struct strv found A_CLEANUP(strv_free) = {0};
	const struct key *entry;
	const char *problem;

	buf_add(&key, place + 1, length - 2 - optional);
	entry = key_find(buf_str(&key));
	rec_get_all(values, buf_str(&key), &found);
	if (!entry && !found.count)
		problem = "is no key of the record";
	else
		problem = language_write(language, entry, &found, optional, into);
	if (problem)
		return fault_set(fault, EX_DATAERR, "%s:%zu:%zu: %s %s", name, line, column,
		    buf_str(&key), problem);
	return 0;
}

int template_render(const char *name, const struct buf *text, enum language language,
    const struct rec *values, struct buf *into, struct fault *fault)
{
	const char *next = buf_str(text), *line_start = next;
	size_t line = 1;

	while (*next) {
		size_t plain = strcspn(next, "@\n"), length;

		buf_add(into, next, plain);
		next += plain;
		if (*next == '@' && (length = place_length(next))) {
			if (fill_place(name, line, (size_t)(next - line_start) + 1, next, length,
				language, values, into, fault) < 0)
				return -1;
			next += length;
			continue;
		}
		if (*next == '\n') {
			line++;
			line_start = next + 1;
		}
		if (*next)
			buf_addc(into, *next++);
	}
	return 0;
}
