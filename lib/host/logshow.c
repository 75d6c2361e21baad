#include "host/logshow.h"

#include "core/clock.h"
#include "core/fd.h"
#include "host/logline.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_BYTES = 1 << 16 };

static bool same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

void logshow_to(struct logshow *s, int out, int err, bool raw)
{
	s->to[LOG_STDOUT] = out;
	s->to[LOG_STDERR] = same_file(out, err) ? out : err;
	for (enum log_stream stream = 0; stream < LOG_STREAMS; stream++)
		s->on_screen[stream] = !raw && isatty(s->to[stream]);
}

void logshow_free(struct logshow *s)
{
	buf_free(&s->out);
}

int logshow_flush(struct logshow *s, struct fault *fault)
{
	size_t length = s->out.length;

	s->out.length = 0;
	if (s->closed || !length || fd_write(s->to[s->stream], s->out.bytes, length) == 0)
		return 0;
	if (errno != EPIPE)
		return fault_errno(fault, EX_IOERR, errno, "write the log's lines");
	s->closed = true;
	return 0;
}

static void add(struct logshow *s, enum log_stream stream, const char *bytes, size_t length)
{
	if (s->on_screen[stream])
		screen_add(&s->screens[stream], &s->out, bytes, length);
	else
		buf_add(&s->out, bytes, length);
}

static bool is_early(struct logshow *s, const struct logline *line)
{
	struct buf time A_CLEANUP(buf_free) = {0};
	int64_t when;

	if (!s->since)
		return false;
	buf_add(&time, line->time, line->time_length);
	/* one without a time is as old as that before it */
	if (clock_parse(buf_str(&time), &when))
		s->early = when < s->since;
	return s->early;
}

int logshow_line(struct logshow *s, const char *bytes, size_t length, struct fault *fault)
{
	struct logline line;

	(void)logline_parse(bytes, length, &line); /* anything may be shown */
	if (!s->begun[line.stream])
		s->hidden[line.stream] = is_early(s, &line);
	if (!s->hidden[line.stream]) {
		if (s->to[line.stream] != s->to[s->stream] && logshow_flush(s, fault) < 0)
			return -1;
		s->stream = line.stream;
		if (s->times && !s->begun[line.stream] && line.time_length) {
			buf_add(&s->out, line.time, line.time_length);
			buf_addc(&s->out, ' ');
		}
		add(s, line.stream, line.text, line.length);
		if (!line.part)
			add(s, line.stream, "\n", 1);
	}
	s->begun[line.stream] = line.part;
	return s->out.length >= OUT_BYTES ? logshow_flush(s, fault) : 0;
}

int logshow_end(struct logshow *s, struct fault *fault)
{
	for (enum log_stream stream = 0; stream < LOG_STREAMS; stream++) {
		if (s->to[stream] != s->to[s->stream] && logshow_flush(s, fault) < 0)
			return -1;
		s->stream = stream;
		screen_end(&s->screens[stream], &s->out);
	}
	return logshow_flush(s, fault);
}
