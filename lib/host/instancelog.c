#include "host/instancelog.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/printable.h"
#include "host/logfiles.h"
#include "host/logline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BATCH_BYTES = 1 << 17, /* written at once, at most (and a line) */
	LOOK_BACK = 1 << 16    /* where the last line of each stream is looked for */
};

/* ---- one batch ----------------------------------------------------------------------------------
 * Lines are collected in `out`. Once something couldn't be written, the rest of the batch isn't
 * either, and the file is opened anew for the next one: what it ends with is looked at then.
 */

struct batch {
	struct instancelog *log;
	struct buf time;
	bool failed;
	struct fault *fault;
};

static uint64_t lines_in(const char *bytes, size_t length)
{
	uint64_t count = 0;

	for (const char *p = bytes; (p = memchr(p, '\n', length - (size_t)(p - bytes))); p++)
		count++;
	return count;
}

static int give_up(struct batch *b)
{
	struct instancelog *l = b->log;

	l->lost += lines_in(buf_str(&l->out), l->out.length);
	buf_clear(&l->out);
	fd_close(&l->fd);
	b->failed = true;
	return -1;
}

/* What was written of `out` when it couldn't be written whole: lines but the last. */
static void keep_whole_lines(struct instancelog *l, size_t written)
{
	const char *end = written ? memrchr(l->out.bytes, '\n', written) : NULL;
	size_t whole = end ? (size_t)(end + 1 - l->out.bytes) : 0;

	/* where that fails, too, the half line is ended when the file is opened next */
	if (whole < written && ftruncate(l->fd, (off_t)(l->size + whole)) < 0)
		return;
	memmove(l->out.bytes, l->out.bytes + whole, l->out.length - whole);
	l->out.length -= whole;
}

static int write_out(struct batch *b)
{
	struct instancelog *l = b->log;
	size_t written = 0;

	while (written < l->out.length) {
		ssize_t n = write(l->fd, l->out.bytes + written, l->out.length - written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fault_errno(b->fault, EX_IOERR, errno, "write %s", l->name);
			keep_whole_lines(l, written);
			return give_up(b);
		}
		written += (size_t)n;
	}
	l->size += written;
	buf_clear(&l->out);
	return 0;
}

/* ---- files --------------------------------------------------------------------------------------
 */

static int open_file(struct instancelog *l, struct fault *fault)
{
	struct stat st;

	l->fd = openat(l->dir, l->name,
	    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "open %s", l->name);
	if (!S_ISREG(st.st_mode)) {
		fd_close(&l->fd);
		return fault_set(fault, EX_CANTCREAT, "open %s: not a file", l->name);
	}
	l->size = (uint64_t)st.st_size;
	return 0;
}

static int rotate(struct batch *b)
{
	struct instancelog *l = b->log;

	if (logfiles_shift(l->dir, l->name, l->files, b->fault) < 0)
		return give_up(b);
	fd_close(&l->fd);
	return open_file(l, b->fault) < 0 ? give_up(b) : 0;
}

/* ---- lines --------------------------------------------------------------------------------------
 */

static char *put(char *end, const char *bytes, size_t length)
{
	memcpy(end, bytes, length);
	return end + length;
}

/* One line of the log, whose text is in two pieces. */
static void add_line(struct batch *b, enum log_stream stream, char tag, const struct buf *begun,
    const char *bytes, size_t length)
{
	struct instancelog *l = b->log;
	struct buf *out = &l->out;
	size_t before = begun ? begun->length : 0;
	size_t whole = b->time.length + strlen(" stdout F \n") + before + length;
	char *end;

	if (b->failed) {
		l->lost++;
		return;
	}
	if (l->limit && l->size + out->length + whole > l->limit && l->size + out->length) {
		if (write_out(b) < 0 || rotate(b) < 0) {
			l->lost++;
			return;
		}
	}
	end = buf_reserve(out, whole);
	if (!end) /* BATCH_BYTES and a line: far below what a buf may hold */
		return;
	end = put(end, b->time.bytes, b->time.length);
	*end++ = ' ';
	end = put(end, log_stream_names[stream], strlen("stdout"));
	*end++ = ' ';
	*end++ = tag;
	*end++ = ' ';
	end = put(end, begun ? buf_str(begun) : "", before);
	end = put(end, bytes, length);
	*end = '\n';
	buf_grew(out, whole);
	if (out->length >= BATCH_BYTES)
		(void)write_out(b); /* `failed` says so */
}

/* Which streams' last lines, among these, are parts? */
static void find_parted(const char *bytes, size_t length, bool parted[LOG_STREAMS])
{
	const char *end;

	for (; (end = memchr(bytes, '\n', length)); bytes = end + 1) {
		struct logline line;

		if (logline_parse(bytes, (size_t)(end - bytes), &line))
			parted[line.stream] = line.part;
		length -= (size_t)(end + 1 - bytes);
	}
}

/* Whoever wrote here before may have been killed, or have run out of space, in the middle of a
 * line: it ends here. */
static void end_old_lines(struct batch *b)
{
	struct instancelog *l = b->log;
	uint64_t from = l->size > LOOK_BACK ? l->size - LOOK_BACK : 0;
	struct buf text A_CLEANUP(buf_free) = {0};
	bool parted[LOG_STREAMS] = {false};
	char *bytes = buf_reserve(&text, LOOK_BACK + 1);
	ssize_t n = bytes ? pread(l->fd, bytes, LOOK_BACK, (off_t)from) : -1;

	if (n <= 0)
		return;
	buf_grew(&text, (size_t)n);
	if (text.bytes[text.length - 1] != '\n') {
		buf_addc(&text, '\n');
		buf_addc(&l->out, '\n');
	}
	find_parted(text.bytes, text.length, parted);
	for (enum log_stream s = 0; s < LOG_STREAMS; s++)
		if (parted[s] && !l->parted[s])
			add_line(b, s, 'F', NULL, "", 0);
}

/* Is FILE still the one that we have open? Its size is as it is now, whoever has changed it. */
static bool is_ours(struct instancelog *l)
{
	struct stat mine, named;

	if (l->fd < 0 || fstat(l->fd, &mine) < 0 ||
	    fstatat(l->dir, l->name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    mine.st_ino != named.st_ino || mine.st_dev != named.st_dev)
		return false;
	l->size = (uint64_t)mine.st_size;
	return true;
}

/* Says how much is missing, as soon as something can be written again. */
static void tell_lost(struct batch *b)
{
	struct instancelog *l = b->log;
	uint64_t lost = l->lost;
	char text[80];
	int length = snprintf(text, sizeof text,
	    "mirari: %llu %s missing here: the log could not be written", (unsigned long long)lost,
	    lost == 1 ? "line is" : "lines are");

	add_line(b, LOG_STDERR, 'F', NULL, text, (size_t)length);
	if (!b->failed)
		(void)write_out(b);
	l->lost = b->failed ? lost : 0;
}

static void begin(struct batch *b)
{
	struct instancelog *l = b->log;

	clock_text(clock_now(), &b->time);
	if (!is_ours(l)) {
		fd_close(&l->fd);
		if (open_file(l, b->fault) < 0) {
			(void)give_up(b); /* `failed` says so */
			return;
		}
		end_old_lines(b);
	}
	if (l->lost)
		tell_lost(b);
}

static int finish(struct batch *b)
{
	if (!b->failed)
		(void)write_out(b);
	buf_free(&b->time);
	return b->failed ? -1 : 0;
}

static void end_line(struct batch *b, enum log_stream stream)
{
	struct instancelog *l = b->log;

	if (l->held[stream].length || l->parted[stream])
		add_line(b, stream, 'F', &l->held[stream], "", 0);
	buf_clear(&l->held[stream]);
	l->parted[stream] = false;
}

int instancelog_open(struct instancelog *l, struct fault *fault)
{
	struct batch b = {.log = l, .fault = fault};

	l->fd = -1;
	begin(&b);
	return finish(&b);
}

int instancelog_add(struct instancelog *l, enum log_stream stream, const char *bytes, size_t length,
    struct fault *fault)
{
	struct buf *held = &l->held[stream];
	struct batch b = {.log = l, .fault = fault};

	if (!length)
		return 0;
	if (!memchr(bytes, '\n', length) && length <= LOG_PART_MAX - held->length) {
		buf_add(held, bytes, length);
		return 0;
	}
	begin(&b);
	while (length) {
		size_t room = LOG_PART_MAX - held->length, part = room;
		const char *end = memchr(bytes, '\n', length <= room ? length : room + 1);

		if (!end && length <= room)
			break;
		if (end)
			part = (size_t)(end - bytes);
		add_line(&b, stream, end ? 'F' : 'P', held, bytes, part);
		buf_clear(held);
		l->parted[stream] = !end;
		part += end ? 1 : 0;
		bytes += part;
		length -= part;
	}
	buf_add(held, bytes, length);
	return finish(&b);
}

int instancelog_end(struct instancelog *l, struct fault *fault)
{
	struct batch b = {.log = l, .fault = fault};

	begin(&b);
	end_line(&b, LOG_STDOUT);
	end_line(&b, LOG_STDERR);
	return finish(&b);
}

int instancelog_note(struct instancelog *l, struct fault *fault, const char *format, ...)
{
	struct batch b = {.log = l, .fault = fault};
	struct buf line A_CLEANUP(buf_free) = {0};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_adds(&line, "mirari: ");
	printable_add(&line, text);
	begin(&b);
	/* what follows a part is taken for the rest of its line */
	if (l->parted[LOG_STDERR])
		end_line(&b, LOG_STDERR);
	add_line(&b, LOG_STDERR, 'F', NULL, line.bytes, line.length);
	return finish(&b);
}

void instancelog_close(struct instancelog *l)
{
	struct fault ignored;

	if ((l->held[LOG_STDOUT].length || l->held[LOG_STDERR].length || l->parted[LOG_STDOUT] ||
		l->parted[LOG_STDERR] || l->lost) &&
	    instancelog_end(l, &ignored) < 0)
		l->lost = 0;
	fd_close(&l->fd);
	for (enum log_stream s = 0; s < LOG_STREAMS; s++)
		buf_free(&l->held[s]);
	buf_free(&l->out);
}
