#include "host/logtail.h"

#include "core/buf.h"
#include "core/num.h"
#include "host/logline.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

struct finding {
	uint64_t left;   /* lines that are wanted yet */
	uint64_t offset; /* where the earliest line of what has been seen begins */
	struct buf block;
};

/* A block, and the head of the line that may begin at its end. */
static int read_block(
    struct finding *f, const struct logfile *file, uint64_t from, uint64_t to, struct fault *fault)
{
	size_t want = (size_t)(to - from) + LOGLINE_HEAD, got = 0;
	char *bytes;

	buf_clear(&f->block);
	if (want > file->end - from)
		want = (size_t)(file->end - from);
	bytes = buf_reserve(&f->block, want);
	while (bytes && got < want) {
		ssize_t n = pread(file->fd, bytes + got, want - got, (off_t)(from + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(fault, 0, errno, "read the log");
		if (n == 0) /* cut short meanwhile */
			break;
		got += (size_t)n;
	}
	buf_grew(&f->block, got);
	return 0;
}

/* The line that begins there in the block. False when it is one too many. */
static bool take_line(struct finding *f, uint64_t offset, size_t at)
{
	const char *bytes = f->block.bytes + at;
	size_t length = f->block.length - at;
	const char *end;
	struct logline line;

	if (length > LOGLINE_HEAD)
		length = LOGLINE_HEAD;
	end = memchr(bytes, '\n', length);
	(void)logline_parse(bytes, end ? (size_t)(end - bytes) : length, &line);
	if (!line.part && f->left == 0)
		return false;
	f->left -= !line.part;
	f->offset = offset;
	return true;
}

/* 1 when the place has been found, 0 when the file begins before that. */
static int find_in(struct finding *f, const struct logfile *file, struct fault *fault)
{
	uint64_t to = file->end;

	f->offset = to;
	while (to > 0) {
		uint64_t from = to > BLOCK ? to - BLOCK : 0;
		size_t at;

		if (read_block(f, file, from, to, fault) < 0)
			return -1;
		at = (size_t)(to - from);
		if (at > f->block.length)
			at = f->block.length;
		/* lines begin behind each LF that has something behind it */
		while (at > 0) {
			const char *lf = memrchr(f->block.bytes, '\n', at);

			if (!lf)
				break;
			at = (size_t)(lf - f->block.bytes);
			if (from + at + 1 < file->end && at + 1 < f->block.length &&
			    !take_line(f, from + at + 1, at + 1))
				return 1;
		}
		to = from;
	}
	return f->block.length && !take_line(f, 0, 0) ? 1 : 0;
}

int logtail_find(
    const struct loglist *list, uint64_t lines, size_t *file, uint64_t *offset, struct fault *fault)
{
	struct finding f = {.left = lines};
	int found = 0;

	*file = 0;
	*offset = list->count ? list->files[0].end : 0;
	for (size_t i = 0; i < list->count && found == 0; i++) {
		found = find_in(&f, &list->files[i], fault);
		if (f.offset < list->files[i].end) {
			*file = i;
			*offset = f.offset;
		}
	}
	buf_free(&f.block);
	return found < 0 ? -1 : 0;
}

int logtail_parse(const char *lines, uint64_t *number, struct fault *fault)
{
	/* the number behind the last one is all of them */
	if (num_parse(lines, 0, UINT64_MAX - 1, number) == NUM_OK)
		return 0;
	return fault_set(fault, EX_USAGE, "--tail=%s: expected a whole number of lines", lines);
}
