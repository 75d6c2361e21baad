#include "host/logreader.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/fd.h"
#include "host/loglist.h"
#include "host/logtail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = 1 << 16,
	LINE_BYTES_MAX = 64 << 20,
	ASK_MS = 500,        /* how often `alive` is asked */
	WITHOUT_INOTIFY = 50 /* how often we look, in milliseconds, where nobody tells us */
};

static const char skipped_text[] =
    " stderr F mirari: some lines are missing here: they were removed before they were read";

struct reading {
	const struct logreader *r;
	struct logshow *show;
	int dir;
	const char *name;    /* in path */
	struct logfile file; /* owned, the one that is read */
	uint64_t offset;     /* in it, of what has not been shown */
	struct buf text;     /* read from there: less than a line */
	int inotify, watch;
};

static int show_lines(struct reading *g, struct fault *fault)
{
	const char *line = buf_str(&g->text), *end;
	size_t left = g->text.length;

	while (left && (end = memchr(line, '\n', left))) {
		size_t length = (size_t)(end - line);

		if (logshow_line(g->show, line, length, fault) < 0)
			return -1;
		line += length + 1;
		left -= length + 1;
	}
	g->offset += g->text.length - left;
	if (left)
		memmove(g->text.bytes, line, left);
	g->text.length = left;
	return 0;
}

/* Shows whole lines up to the end of the file, or `limit`. */
static int read_lines(struct reading *g, uint64_t limit, struct fault *fault)
{
	while (!g->show->closed && g->offset + g->text.length < limit) {
		uint64_t at = g->offset + g->text.length;
		size_t want = limit - at < CHUNK ? (size_t)(limit - at) : CHUNK;
		char *end = buf_reserve(&g->text, want);
		ssize_t n;

		if (!end)
			return fault_set(fault, EX_DATAERR, "%s: a line is longer than %d MB",
			    g->r->path, LINE_BYTES_MAX >> 20);
		n = pread(g->file.fd, end, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(fault, 0, errno, "read %s", g->r->path);
		if (n == 0)
			break;
		buf_grew(&g->text, (size_t)n);
		if (show_lines(g, fault) < 0)
			return -1;
	}
	return 0;
}

/* No more of that file: what has no LF is a line, too. */
static int end_file(struct reading *g, struct fault *fault)
{
	size_t length = g->text.length;

	g->text.length = 0;
	return length ? logshow_line(g->show, g->text.bytes, length, fault) : 0;
}

/* ---- what is there already ----------------------------------------------------------------------
 */

/* Takes the files away that are newer than the place, and what is behind it. */
static void cut_behind(struct loglist *list, const struct logplace *until)
{
	size_t newer = 0;

	while (newer < list->count && (list->files[newer].inode != until->inode ||
					  list->files[newer].device != until->device))
		newer++;
	for (size_t i = 0; i < newer; i++)
		fd_close(&list->files[i].fd);
	list->count -= newer;
	memmove(list->files, list->files + newer, list->count * sizeof *list->files);
	if (list->count && list->files[0].end > until->offset)
		list->files[0].end = until->offset;
}

static int read_list(struct reading *g, struct loglist *list, struct fault *fault)
{
	size_t first = list->count - 1;
	uint64_t offset = 0;

	if (g->r->tail != UINT64_MAX && logtail_find(list, g->r->tail, &first, &offset, fault) < 0)
		return -1;
	for (size_t i = first + 1; i-- > 0 && !g->show->closed; offset = 0) {
		struct logfile *file = &list->files[i];
		bool newest = i == 0;

		fd_close(&g->file.fd);
		g->file = *file;
		file->fd = -1;
		g->offset = offset;
		/* a file's times are the coarse clock's: some milliseconds late */
		if (!newest && file->changed + 1000 < g->show->since)
			continue;
		/* an older one may have grown between its being opened and its rotation */
		if (read_lines(g, newest ? file->end : UINT64_MAX, fault) < 0 ||
		    (!(newest && g->r->follow) && end_file(g, fault) < 0))
			return -1;
	}
	return 0;
}

/* ---- what comes ---------------------------------------------------------------------------------
 */

static void watch(struct reading *g)
{
	char path[40];

	if (g->inotify < 0)
		return;
	if (g->watch >= 0)
		inotify_rm_watch(g->inotify, g->watch);
	snprintf(path, sizeof path, "/proc/self/fd/%d", g->file.fd);
	g->watch = inotify_add_watch(g->inotify, path, IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB);
}

static int go_to(struct reading *g, const struct logfile *next, bool skipped, struct fault *fault)
{
	struct buf line A_CLEANUP(buf_free) = {0};

	if (end_file(g, fault) < 0) {
		int fd = next->fd;

		fd_close(&fd);
		return -1;
	}
	fd_close(&g->file.fd);
	g->file = *next;
	g->offset = 0;
	watch(g);
	if (!skipped)
		return 0;
	clock_text(clock_now(), &line);
	buf_adds(&line, skipped_text);
	return logshow_line(g->show, line.bytes, line.length, fault);
}

/* All that there is by now, on to the newest file. Whoever cut a file short began it anew. */
static int catch_up(struct reading *g, struct fault *fault)
{
	while (!g->show->closed) {
		struct logfile next;
		struct stat st;
		bool skipped;
		int got;

		if (fstat(g->file.fd, &st) == 0 && (uint64_t)st.st_size < g->offset)
			g->offset = 0;
		/* a half line may be taken back by its writer: it is read again until it is whole
		 */
		g->text.length = 0;
		if (read_lines(g, UINT64_MAX, fault) < 0)
			return -1;
		got = loglist_next(g->dir, g->name, &g->file, &next, &skipped, fault);
		if (got <= 0)
			return got;
		/* it may have grown before it got its number, but can't any more */
		if (read_lines(g, UINT64_MAX, fault) < 0 || go_to(g, &next, skipped, fault) < 0)
			return -1;
	}
	return 0;
}

/* Until something happens, or it's time to look anyway. True when it's time to ask `alive`. */
static bool wait_for_more(struct reading *g, int *ended, int64_t asked)
{
	struct pollfd polls[] = {
	    {.fd = g->inotify, .events = POLLIN},
	    {.fd = *ended, .events = POLLIN},
	    {.fd = g->show->to[LOG_STDOUT], .events = 0},
	};
	int64_t left = asked + ASK_MS - clock_ms();
	char events[4096];

	if (left > WITHOUT_INOTIFY && g->watch < 0)
		left = WITHOUT_INOTIFY;
	if (left > 0)
		(void)poll(polls, COUNT_OF(polls), (int)left);
	while (polls[0].revents && read(g->inotify, events, sizeof events) > 0)
		;
	if (polls[2].revents & POLLERR) /* the other end of a pipe was closed */
		g->show->closed = true;
	if (polls[1].revents) {
		*ended = -1;
		return true;
	}
	return clock_ms() >= asked + ASK_MS;
}

static int follow(struct reading *g, struct fault *fault)
{
	const struct logreader *r = g->r;
	int ended = r->ended;
	bool alive = true;
	int64_t asked = 0;

	g->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch(g);
	while (!g->show->closed) {
		if (wait_for_more(g, &ended, asked)) {
			alive = !r->alive || r->alive(r->data);
			asked = clock_ms();
		}
		/* what it wrote before it ended is there now */
		if (catch_up(g, fault) < 0 || logshow_flush(g->show, fault) < 0)
			return -1;
		if (!alive)
			return end_file(g, fault);
	}
	return 0;
}

static int read_all(struct reading *g, struct fault *fault)
{
	struct loglist list A_CLEANUP(loglist_free) = {0};

	if (loglist_open(g->dir, g->name, &list, fault) < 0)
		return -1;
	if (g->r->until.inode)
		cut_behind(&list, &g->r->until);
	if (!list.count)
		return 0;
	if (read_list(g, &list, fault) < 0 || logshow_flush(g->show, fault) < 0)
		return -1;
	return g->r->follow ? follow(g, fault) : 0;
}

int logreader_run(const struct logreader *r, struct logshow *show, struct fault *fault)
{
	const char *slash = strrchr(r->path, '/');
	struct reading g = {.r = r, .show = show, .name = slash ? slash + 1 : r->path};
	struct buf dir A_CLEANUP(buf_free) = {0};
	int result;

	g.text.max = LINE_BYTES_MAX;
	g.file.fd = g.inotify = g.watch = -1;
	if (slash)
		buf_add(&dir, r->path, (size_t)(slash - r->path) + 1);
	g.dir = open(slash ? buf_str(&dir) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g.dir < 0)
		return fault_errno(fault, errno == ENOENT ? EX_NOINPUT : 0, errno, "%s", r->path);
	result = read_all(&g, fault);
	buf_free(&g.text);
	fd_close(&g.file.fd);
	fd_close(&g.inotify);
	close(g.dir);
	return result;
}
