/* A log from another machine: as if it had been printed here, once, whatever becomes of the
 * connection. */
#include "host/remotelog.h"

#include "scratch.h"
#include "tap.h"

#include <signal.h>

#define T1 "2026-11-25T12:31:24.001Z "
#define T2 "2026-11-25T12:31:24.002Z "
#define T3 "2026-11-25T12:31:24.003Z "

static struct remotelog start(int to[2])
{
	struct remotelog r = {.closed = false};

	for (int i = 0; i < 2; i++)
		r.streams[i].to = to[i] = scratch_input("", 0);
	return r;
}

static void add(struct remotelog *r, enum log_stream stream, const char *text)
{
	struct fault fault;

	scratch_need(remotelog_add(r, stream, text, strlen(text), &fault) == 0, fault.text);
}

static void is_shown(int fd, const char *want, const char *what)
{
	static char got[1 << 20];
	ssize_t n = pread(fd, got, sizeof got - 1, 0);

	scratch_need(n >= 0, "pread");
	got[n] = '\0';
	is_str(got, want, "%s", what);
}

static void end(struct remotelog *r, int to[2])
{
	remotelog_free(r);
	close(to[0]);
	close(to[1]);
}

static void times(void)
{
	int to[2];
	struct remotelog r = start(to);

	ok(!remotelog_since(&r), "nothing was shown");
	add(&r, LOG_STDOUT, T1 "one\n" T1 "\n" T2);
	add(&r, LOG_STDOUT,
	    "two"
	    "\n");
	add(&r, LOG_STDERR,
	    T1 "mirari: started: pid 7\n" T3 "err\nwithout a time\n" T3
	       "mirari: something else\n" T3 "mirari: ended with status 3\n");
	is_shown(to[0], "one\n\ntwo\n", "lines come without their times");
	is_shown(to[1], "err\nwithout a time\nmirari: something else\n", "and without some notes");
	is_str(remotelog_since(&r), "2026-11-25T12:31:24.002Z", "since when");
	end(&r, to);
}

static void again(void)
{
	int to[2];
	struct remotelog r = start(to);

	add(&r, LOG_STDOUT, T1 "a\n" T2 "b\n" T2 "b\n");
	add(&r, LOG_STDERR, T1 "x\n" T2 "cut of");
	remotelog_again(&r);
	/* the connection ends once more before anything new */
	add(&r, LOG_STDOUT, T1 "a\n" T2 "b\n");
	remotelog_again(&r);
	add(&r, LOG_STDOUT, T1 "a\n" T2 "b\n" T2 "b\n" T2 "b\n" T3 "c\n");
	add(&r, LOG_STDERR, T1 "x\n" T2 "cut off\n");
	is_shown(to[0], "a\nb\nb\nb\nc\n", "lines of one time are counted");
	is_shown(to[1], "x\ncut off\n", "one that hadn't come whole");
	remotelog_again(&r);
	add(&r, LOG_STDOUT, T3 "c\n" T3 "d\n");
	is_shown(to[0], "a\nb\nb\nb\nc\nd\n", "again");
	end(&r, to);
}

static void long_lines(void)
{
	enum { LONG = 200000 };
	char *line = malloc(LONG + 100), *want = malloc(LONG + 100);
	int to[2];
	struct remotelog r = start(to);

	scratch_need(line && want, "malloc");
	memset(want, 'y', LONG);
	memcpy(want + LONG, "\nz\n", 4);
	snprintf(line, 100, "%s", T1);
	memcpy(line + strlen(T1), want, LONG);
	line[strlen(T1) + LONG] = '\0';
	line[strlen(T1) + 100000] = '\0';
	add(&r, LOG_STDOUT, line);
	ok(lseek(to[0], 0, SEEK_END) == 100000, "a long line is shown before it ends");
	remotelog_again(&r);
	line[strlen(T1) + 100000] = 'y';
	add(&r, LOG_STDOUT, line);
	add(&r, LOG_STDOUT, "\n" T1 "z\n");
	is_shown(to[0], want, "and goes on where it was");
	end(&r, to);
	free(line);
	free(want);
}

static void unread(void)
{
	int ends[2];
	struct remotelog r = {.closed = false};
	struct fault fault;

	signal(SIGPIPE, SIG_IGN);
	scratch_need(pipe2(ends, O_CLOEXEC) == 0, "pipe");
	close(ends[0]);
	r.streams[LOG_STDOUT].to = ends[1];
	add(&r, LOG_STDOUT, T1 "a\n");
	ok(r.closed, "nobody reads");
	close(ends[1]);
	remotelog_free(&r);
	r = (struct remotelog){.streams[LOG_STDOUT].to = open("/dev/full", O_WRONLY | O_CLOEXEC)};
	is_int(
	    remotelog_add(&r, LOG_STDOUT, T1 "a\n", strlen(T1 "a\n"), &fault), -1, "a full disk");
	is_int(fault.status, EX_IOERR, "EX_IOERR");
	close(r.streams[LOG_STDOUT].to);
	remotelog_free(&r);
}

int main(void)
{
	times();
	again();
	long_lines();
	unread();
	return tap_end();
}
