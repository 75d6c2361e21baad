/*
 * Records from anywhere. What rec_read takes must be in the grammar of mirari-records(5) and be
 * written as the very bytes that were read; those must be read back as the same fields. What it
 * refuses must not be in the grammar.
 */
#include "core/rec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void need(bool good)
{
	if (!good)
		abort();
}

/* The one file in memory, holding these bytes now. */
static int input(const void *bytes, size_t length)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("input", MFD_CLOEXEC);
	need(fd >= 0 && ftruncate(fd, 0) == 0);
	need(pwrite(fd, bytes, length, 0) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* Whether a line is a field: the grammar once more, written apart from lib/ on purpose. */
static bool is_field(const char *line, size_t length)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	static const char later[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *equals = memchr(line, '=', length), *allowed = first, *p = line;

	if (!equals || length > LINE_MAX_BYTES || memchr(line, '\0', length) ||
	    memchr(line, '\r', length) || *line < 'a' || *line > 'z')
		return false;
	for (;;) {
		const char *start = p;

		while (p < equals && strchr(allowed, *p))
			p++;
		if (p == start)
			return false;
		if (p == equals)
			return true;
		if (*p++ != '.')
			return false;
		allowed = later;
	}
}

/* The length of the record at the start of the bytes; 0 when there is none. */
static size_t record_length(const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const char *lf = memchr(bytes + at, '\n', length - at);
		size_t line = lf ? (size_t)(lf - bytes) - at : 0;

		if (!lf)
			return 0;
		if (!line)
			return at + 1;
		if (!is_field(bytes + at, line))
			return 0;
		at += line + 1;
	}
	return 0;
}

static void same_fields(const struct rec *a, const struct rec *b)
{
	need(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		need(!strcmp(a->fields[i].key, b->fields[i].key));
		need(!strcmp(a->fields[i].value, b->fields[i].value));
	}
}

/* Writes the record, reads it again, and builds it from its fields: all must come out the same. */
static void round_trip(const struct rec *r, const char *bytes, size_t length)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct rec again A_CLEANUP(rec_free) = {0}, built A_CLEANUP(rec_free) = {0};
	struct lineread from A_CLEANUP(lineread_free) = {0};
	struct fault fault;
	char *line;

	rec_write(r, &text);
	need(!buf_over(&text) && text.length == length && !memcmp(buf_str(&text), bytes, length));
	lineread_start(&from, input(buf_str(&text), text.length), "written");
	need(rec_read(&again, &from, &fault) == 1);
	need(lineread_next(&from, &line, &length, &fault) == 0);
	same_fields(r, &again);
	for (size_t i = 0; i < r->count; i++) {
		need(!rec_key_problem(r->fields[i].key) && !rec_value_problem(r->fields[i].value));
		need(rec_add(&built, r->fields[i].key, r->fields[i].value, &fault) == 0);
	}
	same_fields(r, &built);
	if (r->count)
		need(rec_get(r, r->fields[r->count - 1].key) == r->fields[r->count - 1].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *next = (const char *)bytes;

	/* one after another, as several records in a stream */
	for (;;) {
		struct rec r A_CLEANUP(rec_free) = {0};
		struct lineread from A_CLEANUP(lineread_free) = {0};
		struct fault fault = {0};
		size_t want = record_length(next, length);
		int got;

		lineread_start(&from, input(next, length), "input");
		got = rec_read(&r, &from, &fault);
		need(got == (want ? 1 : length ? -1 : 0));
		if (got < 0)
			need(fault.status == EX_DATAERR && fault.text[0]);
		if (got <= 0)
			return 0;
		round_trip(&r, next, want);
		next += want;
		length -= want;
	}
}
