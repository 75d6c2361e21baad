#include "host/remotelog.h"

#include "core/clock.h"
#include "core/fd.h"

#include <errno.h>
#include <string.h>

enum { HELD_MAX = 1 << 16 }; /* of a line, until it is shown without its end */

void remotelog_free(struct remotelog *r)
{
	for (size_t i = 0; i < LOG_STREAMS; i++)
		buf_free(&r->streams[i].held);
}

static bool is_note(const char *text, size_t length)
{
	static const char *const notes[] = {
	    "mirari: started: pid ", "mirari: ended with status ", "mirari: SIGTERM: ending pid "};

	for (size_t i = 0; i < COUNT_OF(notes); i++)
		if (length >= strlen(notes[i]) && !memcmp(text, notes[i], strlen(notes[i])))
			return true;
	return false;
}

/* How much of the line is its time; 0 when it has none, as what was cut off. */
static size_t time_length(const char *line, size_t length)
{
	char time[REMOTELOG_TIME + 1] = "";
	int64_t ignored;

	if (length <= REMOTELOG_TIME || line[REMOTELOG_TIME] != ' ')
		return 0;
	memcpy(time, line, REMOTELOG_TIME);
	return strlen(time) == REMOTELOG_TIME && clock_parse(time, &ignored) ? REMOTELOG_TIME + 1
									     : 0;
}

/* Has it been shown before? Times of one machine, in one form: they compare as text does. */
static bool was_shown(struct remotelog_stream *s, const char *time)
{
	int order = strncmp(time, s->last, REMOTELOG_TIME);

	if (!s->again)
		return false;
	if (order < 0)
		return true;
	if (order == 0 && s->skip) {
		s->skip--;
		return true;
	}
	if (order > 0)
		s->drop = 0;
	s->again = false;
	return false;
}

/* Reads its time, and returns where its text begins. */
static size_t begin_line(struct remotelog_stream *s, bool notes, const char *line, size_t length)
{
	size_t start = time_length(line, length);

	s->begun = true;
	s->hidden = start && was_shown(s, line);
	if (start && !s->hidden && strncmp(line, s->last, REMOTELOG_TIME)) {
		memcpy(s->last, line, REMOTELOG_TIME);
		s->same = 0;
	}
	s->shown = 0;
	if (!s->hidden && notes && is_note(line + start, length - start)) {
		s->same++;
		s->hidden = true;
	}
	return start;
}

/* Whole or in part, without its LF. */
static void show(struct remotelog_stream *s, bool notes, const char *line, size_t length, bool ends,
    struct buf *out)
{
	size_t start = s->begun ? 0 : begin_line(s, notes, line, length), dropped;

	if (!s->hidden) {
		length -= start;
		dropped = s->drop < length ? (size_t)s->drop : length;
		s->drop -= dropped;
		s->shown += length;
		buf_add(out, line + start + dropped, length - dropped);
		if (ends) {
			buf_addc(out, '\n');
			s->same++;
			s->drop = 0;
		}
	}
	s->begun = !ends;
	if (ends)
		s->shown = 0;
}

static int write_out(struct remotelog *r, const struct remotelog_stream *s, const struct buf *out,
    struct fault *fault)
{
	if (r->closed || !out->length || fd_write(s->to, out->bytes, out->length) == 0)
		return 0;
	if (errno != EPIPE)
		return fault_errno(fault, EX_IOERR, errno, "write what the unikernel prints");
	r->closed = true;
	return 0;
}

int remotelog_add(struct remotelog *r, enum log_stream stream, const char *bytes, size_t length,
    struct fault *fault)
{
	struct remotelog_stream *s = &r->streams[stream];
	struct buf out A_CLEANUP(buf_free) = {0};
	const char *end;

	while (length) {
		size_t part = (end = memchr(bytes, '\n', length)) ? (size_t)(end - bytes) : length;

		buf_add(&s->held, bytes, part);
		if (end || s->held.length > HELD_MAX) {
			show(s, stream == LOG_STDERR, buf_str(&s->held), s->held.length, end, &out);
			buf_clear(&s->held);
		}
		bytes += part + (end != NULL);
		length -= part + (end != NULL);
	}
	return write_out(r, s, &out, fault);
}

void remotelog_again(struct remotelog *r)
{
	for (size_t i = 0; i < LOG_STREAMS; i++) {
		struct remotelog_stream *s = &r->streams[i];

		buf_clear(&s->held);
		s->skip = s->same;
		/* else nothing was shown since it was set */
		if (!s->again)
			s->drop = s->begun && !s->hidden ? s->shown : 0;
		s->begun = s->hidden = false;
		s->again = *s->last;
	}
}

const char *remotelog_since(const struct remotelog *r)
{
	const char *one = r->streams[LOG_STDOUT].last, *other = r->streams[LOG_STDERR].last;

	if (!*one || !*other)
		return NULL;
	return strcmp(one, other) < 0 ? one : other;
}
