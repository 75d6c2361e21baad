#include "core/lineread.h"

#include "core/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 2 * (LINE_MAX_BYTES + 1) };

void lineread_start(struct lineread *r, int fd, const char *name)
{
	*r = (struct lineread){.fd = fd, .name = name, .bytes = mem_resize(NULL, ROOM, 1)};
}

void lineread_free(struct lineread *r)
{
	free(r->bytes);
	r->bytes = NULL;
}

/* Reads more behind what is there; 0 at the end of the input. */
static int more(struct lineread *r, struct fault *fault)
{
	ssize_t n;

	if (r->start) {
		memmove(r->bytes, r->bytes + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	do
		n = read(r->fd, r->bytes + r->end, ROOM - r->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fault_errno(fault, 0, errno, "read %s", r->name);
	r->end += (size_t)n;
	r->ended = n == 0;
	return n > 0;
}

int lineread_next(struct lineread *r, char **line, size_t *length, struct fault *fault)
{
	size_t seen = 0;

	for (;;) {
		char *first = r->bytes + r->start;
		size_t held = r->end - r->start;
		char *lf = held > seen ? memchr(first + seen, '\n', held - seen) : NULL;
		int got;

		if (lf) {
			*line = first;
			*length = (size_t)(lf - first);
			*lf = '\0';
			r->start += *length + 1;
			r->line++;
			if (*length <= LINE_MAX_BYTES)
				return 1;
			held = *length;
		}
		if (held > LINE_MAX_BYTES)
			return fault_set(fault, EX_DATAERR, "%s:%zu: line longer than %d bytes",
			    r->name, r->line + !lf, LINE_MAX_BYTES);
		seen = held;
		got = r->ended ? 0 : more(r, fault);
		if (got < 0)
			return -1;
		if (got == 0 && held)
			return fault_set(fault, EX_DATAERR, "%s:%zu: ends in the middle of a line",
			    r->name, r->line + 1);
		if (got == 0)
			return 0;
	}
}
