/* The log of an instance, as it is written. */
#include "host/instancelog.h"

#include "core/clock.h"
#include "core/fd.h"
#include "host/logfiles.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

static struct fault fault;
static int here;

static struct instancelog log_of(uint64_t limit, unsigned files)
{
	return (struct instancelog){.dir = here, .name = "x.log", .limit = limit, .files = files};
}

static void clean(void)
{
	scratch_need(logfiles_remove(here, "x.log", &fault) == 0, fault.text);
}

static void open_log(struct instancelog *l)
{
	if (!ok(instancelog_open(l, &fault) == 0, "opens"))
		printf("# %s\n", fault.text);
}

static void add(struct instancelog *l, enum log_stream stream, const char *text)
{
	if (instancelog_add(l, stream, text, strlen(text), &fault) < 0)
		ok(false, "add: %s", fault.text);
}

/* Takes the time from each line in front of `text`, which has to be one. */
static bool without_times(const char *text, struct buf *into)
{
	while (*text) {
		const char *blank = strchr(text, ' '), *end = strchr(text, '\n');
		char time[32];
		int64_t when;

		if (!blank || !end || blank > end || blank - text >= (ptrdiff_t)sizeof time)
			return false;
		memcpy(time, text, (size_t)(blank - text));
		time[blank - text] = '\0';
		if (!clock_parse(time, &when) || when > clock_now() || when < clock_now() - 60000)
			return false;
		buf_add(into, blank + 1, (size_t)(end - blank));
		text = end + 1;
	}
	return true;
}

static void holds(const char *file, const char *want, const char *what)
{
	struct buf text A_CLEANUP(buf_free) = {0}, lines A_CLEANUP(buf_free) = {0};

	if (file_read(file, EXIT_NO, &text, &fault) < 0)
		ok(false, "%s: %s", what, fault.text);
	else if (!without_times(buf_str(&text), &lines))
		is_str(buf_str(&text), want, "%s (a line has no time)", what);
	else
		is_str(buf_str(&lines), want, "%s", what);
}

static off_t size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 ? -1 : st.st_size;
}

static void test_lines(void)
{
	struct instancelog l = log_of(0, 5);
	struct stat st;

	open_log(&l);
	ok(stat("x.log", &st) == 0 && (st.st_mode & 07777) == 0600, "its user's alone");
	add(&l, LOG_STDOUT, "one\ntwo\n");
	holds("x.log", "stdout F one\nstdout F two\n", "two lines in one add");
	add(&l, LOG_STDOUT, "th");
	add(&l, LOG_STDERR, "warn");
	add(&l, LOG_STDOUT, "r");
	add(&l, LOG_STDERR, "ing\n");
	for (const char *p = "ee\n\n\r\nfour\r"; *p; p++)
		add(&l, LOG_STDOUT, (char[]){*p, '\0'});
	add(&l, LOG_STDOUT, "");
	holds("x.log",
	    "stdout F one\nstdout F two\nstderr F warning\nstdout F three\nstdout F \n"
	    "stdout F \r\n",
	    "lines in pieces, of two streams; CRs stay");
	ok(instancelog_note(&l, &fault, "exit status %d\n\033[31m", 7) == 0, "a note");
	ok(instancelog_end(&l, &fault) == 0, "the program ends");
	add(&l, LOG_STDOUT, "anew\n");
	add(&l, LOG_STDERR, "begun");
	instancelog_close(&l);
	instancelog_close(&l);
	holds("x.log",
	    "stdout F one\nstdout F two\nstderr F warning\nstdout F three\nstdout F \n"
	    "stdout F \r\nstderr F mirari: exit status 7??[31m\nstdout F four\r\nstdout F anew\n"
	    "stderr F begun\n",
	    "what is begun is a line at the program's end and ours");
	clean();
}

static void test_bytes(void)
{
	static const char bytes[] = "a\0b\x01\x1b[2J\xff\xfe\n\0\n";
	struct instancelog l = log_of(0, 5);
	struct buf text A_CLEANUP(buf_free) = {0};

	open_log(&l);
	ok(instancelog_add(&l, LOG_STDOUT, bytes, sizeof bytes - 1, &fault) == 0, "any bytes");
	instancelog_close(&l);
	ok(file_read("x.log", 1, &text, &fault) == 0 &&
		text.length == 2 * strlen("2026-11-25T12:31:24.007Z stdout F ") + sizeof bytes - 1,
	    "their number");
	ok(memmem(text.bytes, text.length, " F a\0b\x01\x1b[2J\xff\xfe\n", 14) != NULL &&
		memmem(text.bytes, text.length, " F \0\n", 5) != NULL,
	    "as they are");
	clean();
}

/* A megabyte in one line, added in pieces of a size. */
static void test_long(size_t piece)
{
	enum { LENGTH = 1 << 20 };
	struct instancelog l = log_of(0, 5);
	struct buf text A_CLEANUP(buf_free) = {0}, lines A_CLEANUP(buf_free) = {0};
	char *bytes = malloc(LENGTH + 1);
	size_t got = 0;
	bool same = true;
	int parts = 0, wholes = 0;

	scratch_need(bytes != NULL, "malloc");
	for (size_t i = 0; i < LENGTH; i++)
		bytes[i] = (char)('a' + i * 31 % 23);
	bytes[LENGTH] = '\n';
	open_log(&l);
	for (size_t at = 0; at < LENGTH + 1; at += piece)
		if (instancelog_add(&l, LOG_STDOUT, bytes + at,
			piece < LENGTH + 1 - at ? piece : LENGTH + 1 - at, &fault) < 0)
			ok(false, "%s", fault.text);
	instancelog_close(&l);
	scratch_need(file_read("x.log", 1, &text, &fault) == 0, "x.log");
	ok(without_times(buf_str(&text), &lines), "all are lines");
	for (char *p = lines.bytes, *end; same && *p; p = end + 1) {
		size_t length;

		end = strchr(p, '\n');
		length = (size_t)(end - p) - strlen("stdout P ");
		same = length <= LOG_PART_MAX && got + length <= LENGTH &&
		       !memcmp(p + strlen("stdout P "), bytes + got, length);
		got += length;
		parts += p[strlen("stdout ")] == 'P';
		wholes += p[strlen("stdout ")] == 'F';
	}
	ok(same && got == LENGTH, "1 MB in pieces of %zu: the same bytes", piece);
	is_int(wholes, 1, "one line ends");
	is_int(parts, LENGTH / LOG_PART_MAX - 1, "in as few parts as can be");
	free(bytes);
	clean();
}

static void test_part_edges(void)
{
	struct instancelog l = log_of(0, 5);
	char bytes[LOG_PART_MAX + 2], want[2 * LOG_PART_MAX + 64];

	memset(bytes, 'x', sizeof bytes);
	open_log(&l);
	bytes[LOG_PART_MAX] = '\n';
	ok(instancelog_add(&l, LOG_STDOUT, bytes, LOG_PART_MAX + 1, &fault) == 0, "just a part");
	snprintf(want, sizeof want, "stdout F %.*s\n", LOG_PART_MAX, bytes);
	holds("x.log", want, "a line of LOG_PART_MAX bytes is whole");
	scratch_need(truncate("x.log", 0) == 0, "truncate");
	bytes[LOG_PART_MAX] = 'x';
	bytes[LOG_PART_MAX + 1] = '\n';
	ok(instancelog_add(&l, LOG_STDOUT, bytes, LOG_PART_MAX, &fault) == 0, "a part");
	is_int(size_of("x.log"), 0, "it may be the whole line: nothing yet");
	ok(instancelog_add(&l, LOG_STDOUT, "xy", 2, &fault) == 0, "two bytes more");
	/* a note doesn't become a part of that line */
	ok(instancelog_note(&l, &fault, "note") == 0, "a note between");
	add(&l, LOG_STDOUT, "\n");
	snprintf(want, sizeof want, "stdout P %.*s\nstderr F mirari: note\nstdout F xy\n",
	    LOG_PART_MAX, bytes);
	holds("x.log", want, "a line of two bytes more is in two parts");
	scratch_need(truncate("x.log", 0) == 0, "truncate");
	ok(instancelog_add(&l, LOG_STDERR, bytes, LOG_PART_MAX + 1, &fault) == 0, "stderr: a part");
	ok(instancelog_note(&l, &fault, "note") == 0, "a note");
	add(&l, LOG_STDERR, "z\n");
	snprintf(want, sizeof want,
	    "stderr P %.*s\nstderr F x\nstderr F mirari: note\nstderr F z\n", LOG_PART_MAX, bytes);
	holds("x.log", want, "the parts end before it");
	instancelog_close(&l);
	clean();
}

/* Lines of 40 bytes with their time: "stdout F " and 5, LF. */
enum { LINE = 40 };

static void number_line(struct instancelog *l, int number)
{
	char text[16];

	snprintf(text, sizeof text, "%05d\n", number);
	add(l, LOG_STDOUT, text);
}

static void test_rotation(void)
{
	struct instancelog l = log_of(2 * LINE, 3);

	open_log(&l);
	number_line(&l, 0);
	number_line(&l, 1);
	is_int(size_of("x.log"), 2 * LINE, "a file may reach its limit");
	ok(access("x.log.1", F_OK) < 0, "and there is no second one then");
	for (int i = 2; i < 9; i++)
		number_line(&l, i);
	holds("x.log", "stdout F 00008\n", "the newest");
	holds("x.log.1", "stdout F 00006\nstdout F 00007\n", "the one before");
	holds("x.log.2", "stdout F 00004\nstdout F 00005\n", "the oldest");
	ok(access("x.log.3", F_OK) < 0, "three files are kept");
	instancelog_close(&l);

	l = log_of(2 * LINE, 2);
	open_log(&l);
	number_line(&l, 9);
	number_line(&l, 10);
	holds("x.log", "stdout F 00010\n", "two files: the newest");
	holds("x.log.1", "stdout F 00008\nstdout F 00009\n", "the second");
	ok(access("x.log.2", F_OK) < 0, "what was kept as third is removed");
	instancelog_close(&l);
	clean();
}

static void test_one_file(void)
{
	struct instancelog l = log_of(2 * LINE, 1);
	struct buf lines A_CLEANUP(buf_free) = {0};

	open_log(&l);
	for (int i = 0; i < 5; i++)
		number_line(&l, i);
	holds("x.log", "stdout F 00004\n", "one file: only what came last");
	ok(access("x.log.1", F_OK) < 0, "and no other");
	/* a batch over several files */
	for (int i = 0; i < 7; i++)
		buf_printf(&lines, "%05d\n", i);
	l.files = 9;
	add(&l, LOG_STDOUT, buf_str(&lines));
	holds("x.log.3", "stdout F 00004\nstdout F 00000\n", "a batch over several files: first");
	holds("x.log.2", "stdout F 00001\nstdout F 00002\n", "second");
	holds("x.log", "stdout F 00005\nstdout F 00006\n", "last");
	/* a line longer than a file may be */
	add(&l, LOG_STDOUT,
	    "0123456789012345678901234567890123456789012345678901234567890123456789\n");
	holds("x.log",
	    "stdout F 0123456789012345678901234567890123456789012345678901234567890123456789\n",
	    "a line longer than the limit has a file to itself");
	instancelog_close(&l);
	clean();
}

static void test_gap(void)
{
	struct instancelog l = log_of(LINE, 4);

	scratch_put("x.log.1", 0600, "1\n");
	scratch_put("x.log.3", 0600, "3\n");
	open_log(&l);
	number_line(&l, 0);
	number_line(&l, 1);
	holds("x.log.1", "stdout F 00000\n", "a number that is free is filled");
	ok(size_of("x.log.2") == 2 && size_of("x.log.3") == 2, "and those behind it stay");
	instancelog_close(&l);
	clean();
	scratch_put("x.log.10", 0600, "");
	scratch_put("x.log.gz", 0600, "");
	scratch_put("x.logs", 0600, "");
	scratch_put("x.log.01", 0600, "");
	clean();
	ok(access("x.log.10", F_OK) < 0 && access("x.log.gz", F_OK) == 0 &&
		access("x.logs", F_OK) == 0 && access("x.log.01", F_OK) == 0,
	    "only our own names are removed");
	unlink("x.log.gz"), unlink("x.logs"), unlink("x.log.01");
}

static void test_hands_of_others(void)
{
	struct instancelog l = log_of(0, 5);

	open_log(&l);
	number_line(&l, 0);
	unlink("x.log");
	number_line(&l, 1);
	holds("x.log", "stdout F 00001\n", "removed under us: there is a new one");
	scratch_need(rename("x.log", "moved") == 0, "rename");
	number_line(&l, 2);
	holds("x.log", "stdout F 00002\n", "moved under us: there is a new one");
	holds("moved", "stdout F 00001\n", "and the moved one is left alone");
	l.limit = 2 * LINE;
	number_line(&l, 3);
	scratch_need(truncate("x.log", 0) == 0, "truncate");
	number_line(&l, 4);
	holds("x.log", "stdout F 00004\n", "cut short under us: it goes on, and isn't full");
	instancelog_close(&l);
	unlink("moved");
	clean();
	scratch_need(symlink("/dev/null", "x.log") == 0, "symlink");
	ok(instancelog_open(&l, &fault) < 0 && fault.status == EX_CANTCREAT, "no link is followed");
	unlink("x.log");
	scratch_need(mkfifo("x.log", 0600) == 0, "mkfifo");
	ok(instancelog_open(&l, &fault) < 0 && strstr(fault.text, "not a file"), "%s", fault.text);
	instancelog_close(&l);
	unlink("x.log");
}

static void test_after_crash(void)
{
	struct instancelog l = log_of(0, 5);
	struct buf now A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};

	clock_text(clock_now(), &now);
	buf_printf(&text, "%s stdout F whole\n%s stderr P part\n%s stdout F ha", buf_str(&now),
	    buf_str(&now), buf_str(&now));
	scratch_put("x.log", 0600, buf_str(&text));
	open_log(&l);
	add(&l, LOG_STDOUT, "next\n");
	add(&l, LOG_STDERR, "other\n");
	holds("x.log",
	    "stdout F whole\nstderr P part\nstdout F ha\nstderr F \nstdout F next\n"
	    "stderr F other\n",
	    "after a crash: what was in the middle ends, and lines begin anew");
	instancelog_close(&l);
	clean();
}

static int fill(const void *data)
{
	const struct rlimit limit = {4 * LINE + 20, RLIM_INFINITY};
	struct rlimit whole;
	struct instancelog l = log_of(0, 5);
	bool good = true;

	(void)data;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &whole);
	good = instancelog_open(&l, &fault) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0;
	good = good && !instancelog_add(&l, LOG_STDOUT, "00000\n00001\n000", 15, &fault);
	good = good &&
	       instancelog_add(&l, LOG_STDOUT, "02\n00003\n00004\n00005\nbeg", 24, &fault) < 0 &&
	       fault.status == EX_IOERR && strstr(fault.text, "write x.log: File too large");
	good = good && instancelog_add(&l, LOG_STDERR, "00006\n", 6, &fault) < 0;
	good = good && setrlimit(RLIMIT_FSIZE, &whole) == 0;
	good = good && !instancelog_add(&l, LOG_STDOUT, "un\n", 3, &fault);
	instancelog_close(&l);
	return good ? 0 : 1;
}

static void test_full(void)
{
	is_int(scratch_child(fill, NULL), 0, "a full disk is a fault, and each add tries again");
	holds("x.log",
	    "stdout F 00000\nstdout F 00001\nstdout F 00002\nstdout F 00003\n"
	    "stderr F mirari: 3 lines are missing here: the log could not be written\n"
	    "stdout F begun\n",
	    "no half lines, what is begun goes on, and what is missing is counted");
	clean();
}

static void test_rotation_fails(void)
{
	struct instancelog l = log_of(LINE, 2);

	scratch_need(mkdir("x.log.1", 0700) == 0, "mkdir");
	open_log(&l);
	number_line(&l, 0);
	ok(instancelog_add(&l, LOG_STDOUT, "00001\n", 6, &fault) < 0 &&
		strstr(fault.text, "x.log.1: Is a directory"),
	    "what can't be moved is a fault: %s", fault.text);
	rmdir("x.log.1");
	l.limit = 0;
	number_line(&l, 2);
	holds("x.log",
	    "stdout F 00000\n"
	    "stderr F mirari: 1 line is missing here: the log could not be written\n"
	    "stdout F 00002\n",
	    "and it goes on once it can");
	instancelog_close(&l);
	clean();
}

int main(void)
{
	char path[PATH_MAX];
	int before;

	here = scratch_open(path);
	before = scratch_open_count();
	test_lines();
	test_bytes();
	test_long(1 << 20);
	test_long(LOG_PART_MAX);
	test_long(7777);
	test_part_edges();
	test_rotation();
	test_one_file();
	test_gap();
	test_hands_of_others();
	test_after_crash();
	test_full();
	test_rotation_fails();
	is_int(scratch_open_count(), before, "no descriptor is left open");
	close(here);
	scratch_leave(path);
	return tap_end();
}
