#include "host/jobserver.h"

#include "core/buf.h"
#include "core/fd.h"

#include "scratch.h"
#include "tap.h"

#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

static struct fault fault;
static const struct jobserver none = {.take = -1, .give = -1, .read = -1};

static void forget(void)
{
	unsetenv("MAKEFLAGS");
	unsetenv("MAKELEVEL");
	memset(&fault, 0, sizeof fault);
}

/* How many can be taken; they are put back. */
static int available(struct jobserver *j)
{
	int tokens[4096], n = 0;

	while (n < 4096 && jobserver_take(j, &tokens[n]))
		n++;
	for (int i = 0; i < n; i++)
		jobserver_give(j, tokens[i]);
	return n;
}

static bool is_readable(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN);
}

static bool has_flag(int fd, int command, int flag)
{
	int flags = fcntl(fd, command);

	return flags >= 0 && (flags & flag);
}

static int processors(void)
{
	cpu_set_t set;

	scratch_need(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
	return CPU_COUNT(&set);
}

static void test_take(void)
{
	struct jobserver j = none;
	int first, second, third, other;

	forget();
	is_int(jobserver_open(&j, 3, &fault), 0, "a jobserver of three");
	ok(jobserver_take(&j, &first), "the first is taken");
	ok(is_readable(j.take), "there are more");
	ok(jobserver_take(&j, &second) && jobserver_take(&j, &third), "two more are taken");
	ok(!is_readable(j.take), "now there are none");
	ok(!jobserver_take(&j, &other), "a fourth isn't to be had, and is not waited for");
	jobserver_give(&j, second);
	ok(is_readable(j.take), "one that is given back is there again");
	ok(jobserver_take(&j, &other) && !jobserver_take(&j, &other), "once");
	jobserver_give(&j, first);
	ok(!is_readable(j.take), "the one without a byte puts none into the pipe");
	ok(jobserver_take(&j, &other) && other == first, "and is there again");
	jobserver_give(&j, other);
	jobserver_give(&j, second);
	jobserver_give(&j, third);
	is_int(available(&j), 3, "all are back");
	jobserver_close(&j);
}

static void test_counts(void)
{
	const unsigned counts[] = {1, 2, 7, 1024};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct jobserver j = none;
		int before = scratch_open_count();

		forget();
		is_int(jobserver_open(&j, counts[i], &fault), 0, "%u jobs", counts[i]);
		is_int(available(&j), counts[i], "are as many");
		jobserver_close(&j);
		jobserver_close(&j);
		is_int(scratch_open_count(), before, "closed twice, no descriptor is left");
	}
}

/* What programs below find, and how. */
static void test_handed_on(void)
{
	struct jobserver j = none;
	struct buf wanted A_CLEANUP(buf_free) = {0};
	char byte;

	forget();
	setenv("MAKEFLAGS", "k -- X=1", 1);
	is_int(jobserver_open(&j, 2, &fault), 0, "a jobserver of two");
	buf_printf(&wanted, " -j2 --jobserver-auth=%d,%d", j.read, j.give);
	is_str(getenv("MAKEFLAGS"), buf_str(&wanted), "is in MAKEFLAGS");
	is_str(getenv("MAKELEVEL"), "1", "and we are a make's");
	ok(jobserver_above(), "so there is one above what we start");
	ok(!has_flag(j.read, F_GETFD, FD_CLOEXEC) && !has_flag(j.give, F_GETFD, FD_CLOEXEC),
	    "its ends are handed on");
	ok(has_flag(j.take, F_GETFD, FD_CLOEXEC), "our own view isn't");
	/* a make that reads it would take the error for the end */
	ok(!has_flag(j.read, F_GETFL, O_NONBLOCK), "the end that others read blocks");
	ok(read(j.read, &byte, 1) == 1 && byte == '+', "a job is a byte in it, as make's are");
	ok(write(j.give, &byte, 1) == 1, "(put back)");
	is_int(available(&j), 2, "what others give back is there");
	jobserver_close(&j);
}

/* A pipe with these bytes, called so in MAKEFLAGS. */
static void make_pipe(int ends[2], const char *format, const void *bytes, size_t length)
{
	struct buf flags A_CLEANUP(buf_free) = {0};

	forget();
	scratch_need(pipe(ends) == 0, "pipe");
	scratch_need(write(ends[1], bytes, length) == (ssize_t)length, "write");
	buf_printf(&flags, "%s --jobserver-auth=%d,%d", format, ends[0], ends[1]);
	setenv("MAKEFLAGS", buf_str(&flags), 1);
	setenv("MAKELEVEL", "1", 1);
}

static void test_join(void)
{
	static const unsigned char bytes[] = {'a', 0, 0xff};
	unsigned char left[8] = {0};
	struct jobserver j = none;
	int ends[2], before, tokens[4] = {0};

	make_pipe(ends, "ks -j4", bytes, sizeof bytes);
	before = scratch_open_count();
	is_int(jobserver_open(&j, 0, &fault), 0, "a make's jobserver is joined");
	ok(strstr(getenv("MAKEFLAGS"), "ks -j4 --jobserver-auth="), "MAKEFLAGS stay");
	is_int(available(&j), 4, "with its jobs and the one that we are");
	for (int i = 0; i < 4; i++)
		ok(jobserver_take(&j, &tokens[i]), "job %d", i + 1);
	ok(!has_flag(ends[0], F_GETFL, O_NONBLOCK), "its own end still blocks");
	for (int i = 3; i >= 0; i--)
		jobserver_give(&j, tokens[i]);
	jobserver_close(&j);
	is_int(scratch_open_count(), before, "left, no descriptor is open but its own");
	is_int(read(ends[0], left, sizeof left), 3, "which has all that it had");
	ok(left[0] == 0xff && left[1] == 0 && left[2] == 'a',
	    "the same bytes, given back last first");
	close(ends[0]);
	close(ends[1]);
}

static void test_join_fifo(void)
{
	struct jobserver j = none;
	char left[8];
	int fd;

	forget();
	scratch_need(mkfifo("fifo", 0600) == 0, "mkfifo");
	fd = open("fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	scratch_need(fd >= 0 && write(fd, "xy", 2) == 2, "fifo");
	setenv("MAKEFLAGS", "s -j3 --jobserver-auth=fifo:fifo -- A=b", 1);
	is_int(
	    jobserver_open(&j, 0, &fault), 0, "one by the name of a FIFO, as make has since 4.4");
	is_int(available(&j), 3, "has its jobs");
	is_str(getenv("MAKEFLAGS"), "s -j3 --jobserver-auth=fifo:fifo -- A=b", "MAKEFLAGS stay");
	jobserver_close(&j);
	is_int(read(fd, left, sizeof left), 2, "and keeps them");
	close(fd);
}

static void test_choice(void)
{
	struct buf flags A_CLEANUP(buf_free) = {0};
	struct jobserver j = none;
	int ends[2];

	make_pipe(ends, "-j9 --jobserver-auth=77,78", "abc", 3);
	is_int(jobserver_open(&j, 0, &fault), 0, "of two the last counts");
	is_int(available(&j), 4, "as make has it");
	jobserver_close(&j);
	buf_adds(&flags, getenv("MAKEFLAGS"));
	is_int(jobserver_open(&j, 2, &fault), 0, "with a number there is a new one");
	is_int(available(&j), 2, "with that many");
	ok(strcmp(getenv("MAKEFLAGS"), buf_str(&flags)) != 0, "which MAKEFLAGS tell of");
	jobserver_close(&j);
	close(ends[0]);
	close(ends[1]);

	forget();
	is_int(jobserver_open(&j, 0, &fault), 0, "without a make above");
	is_int(available(&j), processors(), "there is one with a job for each processor");
	jobserver_close(&j);
}

/* What is no jobserver is left alone, and there is one of our own. */
static void test_refused(void)
{
	static const char *const flags[] = {"", "k", " -j4", "--jobserver-auth",
	    "--jobserver-auth=", " -j4 --jobserver-auth=77,78", "--jobserver-auth=77",
	    "--jobserver-auth=,", "--jobserver-auth=a,b", "--jobserver-auth=-1,-1",
	    "--jobserver-auth=-2,1", "--jobserver-auth=99999999999999999999999,1",
	    "--jobserver-auth=fifo:", "--jobserver-auth=fifo:/no/such/fifo",
	    "--jobserver-auth=fifo:/", "--jobserver-auth=fifo:directory",
	    "-j --jobserver-auth= 0,1", "\xff\xfe\n--jobserver-auth=%s"};

	scratch_need(mkdir("directory", 0700) == 0, "mkdir");
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		struct jobserver j = none;
		int before = scratch_open_count();

		forget();
		setenv("MAKEFLAGS", flags[i], 1);
		is_int(jobserver_open(&j, 0, &fault), 0, "MAKEFLAGS of no use: %zu", i);
		is_int(available(&j), processors(), "a jobserver of our own");
		jobserver_close(&j);
		is_int(scratch_open_count(), before, "no descriptor is left");
	}
}

/* make closes the descriptors for recipes that aren't marked with +; what has their numbers then is
 * a file of somebody's. */
static void test_not_a_pipe(void)
{
	struct buf flags A_CLEANUP(buf_free) = {0}, now A_CLEANUP(buf_free) = {0};
	struct jobserver j = none;
	int fd, tokens[4] = {0};

	forget();
	scratch_put("file", 0600, "abc");
	fd = open("file", O_RDWR | O_APPEND | O_CLOEXEC);
	scratch_need(fd >= 0, "file");
	buf_printf(&flags, " -j9 --jobserver-auth=%d,%d", fd, fd);
	setenv("MAKEFLAGS", buf_str(&flags), 1);
	is_int(jobserver_open(&j, 0, &fault), 0, "descriptors of a file");
	for (int i = 0; i < 2; i++)
		(void)jobserver_take(&j, &tokens[i]);
	jobserver_give(&j, tokens[1]);
	jobserver_close(&j);
	is_int(file_read("file", EX_NOINPUT, &now, &fault), 0, "the file");
	is_str(buf_str(&now), "abc", "is neither taken from nor written to");
	close(fd);

	forget();
	setenv("MAKEFLAGS", " -j9 --jobserver-auth=fifo:file", 1);
	is_int(jobserver_open(&j, 0, &fault), 0, "a file where a FIFO should be");
	for (int i = 0; i < 3; i++)
		(void)jobserver_take(&j, &tokens[i]);
	jobserver_give(&j, tokens[2]);
	jobserver_close(&j);
	buf_clear(&now);
	is_int(file_read("file", EX_NOINPUT, &now, &fault), 0, "the file");
	is_str(buf_str(&now), "abc", "is as it was");
}

static void test_above(void)
{
	static const struct {
		const char *level, *flags;
		bool above;
	} cases[] = {{NULL, NULL, false}, {"1", NULL, false}, {NULL, " -j4", false},
	    {"0", " -j4 --jobserver-auth=3,4", false}, {"", "-j4", false}, {"1", "", false},
	    {"1", "ks", false}, {"1", " -j4 --jobserver-auth=3,4", true}, {"2", "k -j", true},
	    {"1", " -j1", true}, {"1", " -- DIR=/my-jobs", false}, {"1", "k -- A=-j4", false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		forget();
		if (cases[i].level)
			setenv("MAKELEVEL", cases[i].level, 1);
		if (cases[i].flags)
			setenv("MAKEFLAGS", cases[i].flags, 1);
		is_int(jobserver_above(), cases[i].above, "MAKELEVEL '%s', MAKEFLAGS '%s'",
		    cases[i].level ? cases[i].level : "unset",
		    cases[i].flags ? cases[i].flags : "unset");
	}
}

/* 102 where their number can't be limited: an emulator (valgrind) has some of its own. */
static int open_without_descriptors(const void *count)
{
	const unsigned n = *(const unsigned *)count;
	struct rlimit limit = {.rlim_cur = 3 + n, .rlim_max = 1024};
	struct jobserver j = none;
	int result, last;

	forget();
	if (close_range(3, ~0U, 0) < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 102;
	for (last = 2; dup(STDIN_FILENO) == last + 1; last++)
		;
	if (last != 2 + (int)n)
		return 102;
	close_range(3, ~0U, 0);
	result = jobserver_open(&j, 4, &fault);
	jobserver_close(&j);
	if (n && dup(STDIN_FILENO) != 3)
		return 101;
	return result < 0 ? fault.status : 0;
}

static void test_no_descriptors(void)
{
	for (unsigned n = 0; n <= 3; n++) {
		int status = scratch_child(open_without_descriptors, &n);

		if (status == 102)
			puts("# the number of descriptors can't be limited here: not checked");
		else
			is_int(status, n < 3 ? EX_OSERR : 0, "with %u descriptors to be had", n);
	}
}

int main(void)
{
	char path[PATH_MAX];

	scratch_enter(path);
	test_take();
	test_counts();
	test_handed_on();
	test_join();
	test_join_fifo();
	test_choice();
	test_refused();
	test_not_a_pipe();
	test_above();
	test_no_descriptors();
	scratch_leave(path);
	return tap_end();
}
