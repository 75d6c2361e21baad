/* Reading the log of an instance, also while it is written. */
#include "host/logreader.h"

#include "core/clock.h"
#include "core/fd.h"
#include "host/instancelog.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

static struct fault fault;
static int here;

static void clean(void)
{
	scratch_need(logfiles_remove(here, "x.log", &fault) == 0, fault.text);
}

/* What logreader_run shows, stdout and stderr apart. */
struct shown {
	struct buf text[LOG_STREAMS];
};

static void shown_free(struct shown *s)
{
	buf_free(&s->text[LOG_STDOUT]);
	buf_free(&s->text[LOG_STDERR]);
}

static int run(const struct logreader *r, struct logshow *show)
{
	int result = logreader_run(r, show, &fault);

	if (result == 0)
		result = logshow_end(show, &fault);
	logshow_free(show);
	return result;
}

static int read_log(struct logreader r, struct logshow show, struct shown *shown)
{
	int result;

	for (enum log_stream s = 0; s < LOG_STREAMS; s++)
		show.to[s] = scratch_input("", 0);
	r.path = "x.log";
	r.ended = -1;
	result = run(&r, &show);
	shown_free(shown);
	for (enum log_stream s = 0; s < LOG_STREAMS; s++) {
		lseek(show.to[s], 0, SEEK_SET);
		scratch_need(fd_read_all(show.to[s], "shown", &shown->text[s], &fault) == 0, "");
		close(show.to[s]);
	}
	return result;
}

static void shows(
    struct logreader r, struct logshow show, const char *out, const char *err, const char *what)
{
	struct shown shown A_CLEANUP(shown_free) = {0};

	if (!ok(read_log(r, show, &shown) == 0, "%s: read", what))
		printf("# %s\n", fault.text);
	is_str(buf_str(&shown.text[LOG_STDOUT]), out, "%s", what);
	is_str(buf_str(&shown.text[LOG_STDERR]), err, "%s: stderr", what);
}

static const struct logreader all = {.tail = UINT64_MAX};

static struct logreader last(uint64_t tail)
{
	return (struct logreader){.tail = tail};
}

#define DAY "2026-03-01T00:00:0"

static void put_three(void)
{
	scratch_put("x.log.2", 0600, DAY "0.000Z stdout F a\n" DAY "1.000Z stderr F b\n");
	scratch_put("x.log.1", 0600,
	    DAY "2.000Z stdout P c1\n" DAY "2.000Z stdout P c2\n" DAY "2.500Z stdout F c3\n" DAY
		"3.000Z stdout F d\n");
	scratch_put("x.log", 0600,
	    "foreign\n" DAY "4.000Z stdout F:x e\n" DAY "5.000Z stderr F f\n" DAY
	    "6.000Z stdout F g");
}

static void test_lines(void)
{
	struct logshow times = {.times = true};
	struct shown none A_CLEANUP(shown_free) = {0};

	ok(read_log(all, (struct logshow){0}, &none) < 0 && fault.status == EX_NOINPUT,
	    "no log: %s", fault.text);
	put_three();
	shows(all, (struct logshow){0}, "a\nc1c2c3\nd\nforeign\ne\ng\n", "b\nf\n", "all");
	shows(all, times,
	    DAY "0.000Z a\n" DAY "2.000Z c1c2c3\n" DAY "3.000Z d\nforeign\n" DAY "4.000Z e\n" DAY
		"6.000Z g\n",
	    DAY "1.000Z b\n" DAY "5.000Z f\n", "with times");
	shows(last(0), (struct logshow){0}, "", "", "the last none");
	shows(last(1), (struct logshow){0}, "g\n", "", "the last one");
	shows(last(2), (struct logshow){0}, "g\n", "f\n", "the last two");
	shows(last(4), (struct logshow){0}, "foreign\ne\ng\n", "f\n", "all of the newest file");
	shows(last(5), (struct logshow){0}, "d\nforeign\ne\ng\n", "f\n", "into the one before");
	shows(last(6), (struct logshow){0}, "c1c2c3\nd\nforeign\ne\ng\n", "f\n",
	    "a line in parts is one");
	shows(
	    last(7), (struct logshow){0}, "c1c2c3\nd\nforeign\ne\ng\n", "b\nf\n", "into the third");
	shows(last(8), (struct logshow){0}, "a\nc1c2c3\nd\nforeign\ne\ng\n", "b\nf\n", "just all");
	shows(last(80), (struct logshow){0}, "a\nc1c2c3\nd\nforeign\ne\ng\n", "b\nf\n",
	    "more than all");
	clean();
}

static int64_t at(const char *text)
{
	int64_t when = 0;

	scratch_need(clock_parse(text, &when), text);
	return when;
}

static void test_since(void)
{
	struct logshow show = {.since = at(DAY "2.400Z")};

	put_three();
	shows(all, show, "d\nforeign\ne\ng\n", "f\n", "since: by where a line begins");
	show.since = at(DAY "4.000Z");
	shows(all, show, "e\ng\n", "f\n", "one without a time is as old as that before it");
	shows(last(2), show, "g\n", "f\n", "and the last of these");
	show.since = at(DAY "7.000Z");
	shows(all, show, "", "", "nothing since");
	clean();
}

static void test_until(void)
{
	struct logreader r = {.tail = 3};
	struct stat st;

	put_three();
	scratch_need(stat("x.log.1", &st) == 0, "stat");
	r.until = (struct logplace){st.st_dev, st.st_ino, (uint64_t)st.st_size};
	shows(r, (struct logshow){0}, "c1c2c3\nd\n", "b\n", "up to a place in an older file");
	r.until.offset -= sizeof DAY "3.000Z stdout F d\n" - 1;
	shows(r, (struct logshow){0}, "a\nc1c2c3\n", "b\n", "within it");
	r.until.inode++;
	r.until.device++;
	shows(r, (struct logshow){0}, "", "", "a place that isn't there any more");
	clean();
}

static void test_screen(void)
{
	struct logshow show = {.on_screen = {true, false}};

	scratch_put("x.log", 0600,
	    DAY "0.000Z stdout F a\033[31mb\033]0;t\a\n" DAY "1.000Z stderr F \033[2J\n");
	shows(all, show, "a\033[31mb^[]0;t^G\n\033[m", "\033[2J\n", "only what goes to a terminal");
	clean();
}

/* Lines of all lengths around the blocks that are read at once, counted from their end. */
static void test_tail_blocks(void)
{
	enum { LINES = 3000 };
	struct instancelog l = {.dir = here, .name = "x.log", .limit = 700000, .files = 9};
	struct shown shown A_CLEANUP(shown_free) = {0};
	struct buf whole A_CLEANUP(buf_free) = {0};
	int wrong = 0;

	scratch_need(instancelog_open(&l, &fault) == 0, fault.text);
	for (int i = 0; i < LINES; i++) {
		struct buf line A_CLEANUP(buf_free) = {0};

		buf_printf(&line, "%d %*s\n", i, i % 7 == 3 ? (i * 137) % 40000 / 10 : i % 90, "x");
		scratch_need(instancelog_add(&l, LOG_STDOUT, line.bytes, line.length, &fault) == 0,
		    fault.text);
		buf_add(&whole, line.bytes, line.length);
	}
	instancelog_close(&l);
	for (uint64_t tail = 1; tail <= LINES; tail += tail < 40 ? 1 : 97) {
		const char *from = whole.bytes + whole.length - 1;

		for (uint64_t i = 0; i < tail && from; i++)
			from = memrchr(whole.bytes, '\n', (size_t)(from - whole.bytes));
		from = from ? from + 1 : whole.bytes;
		wrong += read_log(last(tail), (struct logshow){0}, &shown) < 0 ||
			 strcmp(buf_str(&shown.text[0]), from) != 0;
	}
	is_int(wrong, 0, "the last lines of several files, however many");
	clean();
}

/* ---- while it is written ------------------------------------------------------------------------
 */

static bool file_is_there(void *name)
{
	return access(name, F_OK) == 0;
}

/* A process that follows the log as long as the file `alive` is there; what it shows is read from
 * *out. */
static pid_t start_follower(int *out)
{
	pid_t pid;
	int ends[2];

	scratch_put("alive", 0600, "");
	scratch_need(pipe2(ends, O_CLOEXEC) == 0, "pipe");
	fflush(stdout);
	pid = fork();
	scratch_need(pid >= 0, "fork");
	if (pid == 0) {
		struct logreader r = {.path = "x.log",
		    .tail = UINT64_MAX,
		    .follow = true,
		    .alive = file_is_there,
		    .data = (void *)"alive",
		    .ended = -1};
		struct logshow show = {.to = {ends[1], ends[1]}};

		signal(SIGPIPE, SIG_IGN);
		close(ends[0]);
		_exit(run(&r, &show) == 0 ? 0 : 1);
	}
	close(ends[1]);
	*out = ends[0];
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	scratch_need(waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct counter {
	struct buf text;
	int next;    /* the number that has to come, when none is missing */
	int missing; /* how many are */
	int notes;   /* lines that say so */
	bool wrong;  /* one came twice, or too early */
};

static void count_line(struct counter *c, const char *line)
{
	int number;

	if (!strncmp(line, "mirari: some lines are missing", 30)) {
		c->notes++;
		return;
	}
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%d", &number) != 1 || number < c->next) {
		c->wrong = true;
		return;
	}
	c->missing += number - c->next;
	c->next = number + 1;
}

/* Waits for something, for so long at most; false at the end, and when nothing came. */
static bool count_more(struct counter *c, int out, int milliseconds)
{
	struct pollfd p = {.fd = out, .events = POLLIN};
	char bytes[8192], *end;
	ssize_t n;

	if (poll(&p, 1, milliseconds) <= 0 || (n = read(out, bytes, sizeof bytes)) <= 0)
		return false;
	buf_add(&c->text, bytes, (size_t)n);
	while ((end = strchr(c->text.bytes, '\n'))) {
		size_t length = (size_t)(end + 1 - c->text.bytes);

		*end = '\0';
		count_line(c, c->text.bytes);
		c->text.length -= length;
		memmove(c->text.bytes, c->text.bytes + length, c->text.length + 1);
	}
	return true;
}

static void write_number(struct instancelog *l, int number)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%06d\n", number);

	scratch_need(instancelog_add(l, LOG_STDOUT, text, (size_t)length, &fault) == 0, fault.text);
}

enum { FOLLOWERS = 6 };

/* Until all have got what comes before that number. */
static void wait_for_all(struct counter *c, const int *out, int number)
{
	for (int i = 0; i < FOLLOWERS; i++)
		while (c[i].next < number && count_more(&c[i], out[i], 10000))
			;
}

/* Files of four lines: the writer is as far in front of the readers as files are kept. There
 * are more readers than processors, so that they are interrupted anywhere. */
static void test_follow_rotation(unsigned files, int ahead, int burst, int lines)
{
	struct instancelog l = {.dir = here, .name = "x.log", .limit = 170, .files = files};
	struct counter c[FOLLOWERS] = {0};
	int out[FOLLOWERS], good = 0;
	pid_t follower[FOLLOWERS];

	scratch_need(instancelog_open(&l, &fault) == 0, fault.text);
	write_number(&l, 0);
	for (int i = 0; i < FOLLOWERS; i++)
		follower[i] = start_follower(&out[i]);
	for (int i = 1; i < lines; i += burst) {
		struct buf text A_CLEANUP(buf_free) = {0};

		for (int n = i; n < i + burst && n < lines; n++)
			buf_printf(&text, "%06d\n", n);
		wait_for_all(c, out, i + burst - ahead);
		scratch_need(instancelog_add(&l, LOG_STDOUT, text.bytes, text.length, &fault) == 0,
		    fault.text);
	}
	instancelog_close(&l);
	unlink("alive");
	for (int i = 0; i < FOLLOWERS; i++) {
		while (count_more(&c[i], out[i], 10000))
			;
		close(out[i]);
		if (end_of(follower[i]) == 0 && c[i].next == lines && !c[i].missing &&
		    !c[i].wrong && !c[i].notes)
			good++;
		else
			printf("# follower %d: up to %d, %d missing, %s\n", i, c[i].next,
			    c[i].missing, c[i].wrong ? "out of order" : "in order");
		buf_free(&c[i].text);
	}
	is_int(good, FOLLOWERS,
	    "%u files of 4 lines, %d ahead, %d at once: all arrive once, in their order", files,
	    ahead, burst);
	clean();
}

/* Nobody waits for the reader: lines may be missing then, but none comes twice. */
static void test_follow_flood(void)
{
	enum { LINES = 200000 };
	struct instancelog l = {.dir = here, .name = "x.log", .limit = 4000, .files = 3};
	struct counter c = {0};
	int out;
	pid_t follower;

	scratch_need(instancelog_open(&l, &fault) == 0, fault.text);
	write_number(&l, 0);
	follower = start_follower(&out);
	for (int i = 1; i < LINES; i++) {
		write_number(&l, i);
		if (i % 16 == 0)
			count_more(&c, out, 0);
	}
	instancelog_close(&l);
	unlink("alive");
	while (count_more(&c, out, 10000))
		;
	close(out);
	is_int(end_of(follower), 0, "a flood: the follower ends");
	ok(c.next == LINES && !c.wrong, "in order, none twice, and up to the last (%d missing)",
	    c.missing);
	ok(!c.missing == !c.notes, "a line says when some are missing (%d times)", c.notes);
	buf_free(&c.text);
	clean();
}

static void test_follow_hands(void)
{
	struct instancelog l = {.dir = here, .name = "x.log", .files = 5};
	struct counter c = {0};
	int64_t before;
	int out;
	pid_t follower;

	scratch_need(instancelog_open(&l, &fault) == 0, fault.text);
	follower = start_follower(&out);
	write_number(&l, 0);
	while (c.next < 1 && count_more(&c, out, 5000))
		;
	is_int(c.next, 1, "a line arrives");
	before = clock_ms();
	write_number(&l, 1);
	while (c.next < 2 && count_more(&c, out, 5000))
		;
	ok(c.next == 2 && clock_ms() - before < 300, "another one, at once");
	unlink("x.log");
	write_number(&l, 2);
	while (c.next < 3 && count_more(&c, out, 5000))
		;
	is_int(c.next, 3, "the file was removed: on in the new one");
	scratch_need(truncate("x.log", 0) == 0, "truncate");
	while (count_more(&c, out, 700))
		;
	write_number(&l, 3);
	while (c.next < 4 && count_more(&c, out, 5000))
		;
	ok(c.next == 4 && !c.wrong && !c.missing, "the file was cut short: on with what comes");
	unlink("alive");
	before = clock_ms();
	while (count_more(&c, out, 5000))
		;
	ok(clock_ms() - before < 2000, "it ends soon");
	is_int(end_of(follower), 0, "and well");
	close(out);
	follower = start_follower(&out);
	while (c.next < 4 && count_more(&c, out, 5000))
		;
	close(out);
	before = clock_ms();
	is_int(end_of(follower), 0, "nobody reads it any more: it ends well");
	ok(clock_ms() - before < 2000, "without another line to write");
	instancelog_close(&l);
	unlink("alive");
	buf_free(&c.text);
	clean();
}

int main(void)
{
	char path[PATH_MAX];
	int before;

	here = scratch_open(path);
	before = scratch_open_count();
	test_lines();
	test_since();
	test_until();
	test_screen();
	test_tail_blocks();
	test_follow_rotation(5, 12, 1, 10000);
	test_follow_rotation(5, 12, 12, 10000);
	test_follow_rotation(5, 1, 1, 1000);
	test_follow_rotation(3, 6, 6, 5000);
	test_follow_flood();
	test_follow_hands();
	is_int(scratch_open_count(), before, "no descriptor is left open");
	close(here);
	scratch_leave(path);
	return tap_end();
}
