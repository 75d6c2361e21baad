#include "core/fd.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

enum { MUCH = 3000000 };

static struct fault fault;
static char much[MUCH];

static void test_close(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = fd;

	fd_close(&fd);
	is_int(fd, -1, "a closed descriptor is -1");
	ok(fcntl(copy, F_GETFD) < 0, "and closed");
	fd_close(&fd);
	is_int(fd, -1, "closed twice, nothing happens");
}

static int fix_standard(const void *closed)
{
	const int *fd = closed;

	for (; *fd >= 0; fd++)
		close(*fd);
	if (fd_fix_standard() < 0)
		return 1;
	for (int i = 0; i <= 2; i++)
		if (fcntl(i, F_GETFD) != 0)
			return 10 + i; /* closed, or lost to a program that is exec'd */
	return fcntl(open("/dev/null", O_RDONLY | O_CLOEXEC), F_GETFD) < 0 ? 2 : 0;
}

static void test_fix_standard(void)
{
	int before = scratch_open_count();

	is_int(scratch_child(fix_standard, (const int[]){-1}), 0, "nothing closed: nothing to do");
	is_int(scratch_child(fix_standard, (const int[]){0, -1}), 0, "0 is opened");
	is_int(scratch_child(fix_standard, (const int[]){1, -1}), 0, "1 is opened");
	is_int(scratch_child(fix_standard, (const int[]){0, 2, -1}), 0, "0 and 2 are opened");
	is_int(scratch_child(fix_standard, (const int[]){0, 1, 2, -1}), 0, "all three are opened");
	is_int(fd_fix_standard(), 0, "it succeeds when all are open");
	is_int(scratch_open_count(), before, "and leaves no descriptor");
}

static int leave_input(const void *data)
{
	const int *wanted = data;
	struct stat null, in;
	struct fault why;
	char byte;

	if (fd_leave_input(&why) < 0 || stat("/dev/null", &null) < 0 || fstat(0, &in) < 0)
		return 1;
	if (null.st_rdev != in.st_rdev || read(0, &byte, 1) != 0 || fcntl(0, F_GETFD) != 0)
		return 2;
	return scratch_open_count() - *wanted;
}

static void test_leave_input(void)
{
	int before = scratch_open_count();

	is_int(scratch_child(leave_input, &before), 0,
	    "standard input can be left: it is at its end, for what is executed, too");
}

static void on_alarm(int number)
{
	(void)number;
}

static int check_much(const void *from)
{
	static char bytes[5000];
	size_t at = 0;
	ssize_t n;

	usleep(100000); /* until the pipe is full, so that a write waits without a byte written */
	while ((n = read(*(const int *)from, bytes, sizeof bytes)) > 0) {
		if (at + (size_t)n > MUCH || memcmp(bytes, much + at, (size_t)n))
			return 1;
		at += (size_t)n;
		usleep(500);
	}
	return at == MUCH ? 0 : 2;
}

/* More than a pipe holds, a slow reader, and signals all the time. */
static void test_write_interrupted(void)
{
	struct sigaction action = {.sa_handler = on_alarm}, before;
	struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	int ends[2], status = -1;
	pid_t child;

	scratch_need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
	child = fork();
	if (child == 0) {
		close(ends[1]);
		_exit(check_much(&ends[0]));
	}
	close(ends[0]);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	is_int(fd_write(ends[1], much, MUCH), 0, "signals don't end a write");
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	close(ends[1]);
	waitpid(child, &status, 0);
	is_int(status, 0, "and all of it arrives");
}

static void test_write(void)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	errno = 0;
	is_int(fd_write(fd, "x", 1), -1, "a write that fails");
	is_int(errno, ENOSPC, "leaves the reason in errno");
	is_int(fd_write(fd, NULL, 0), 0, "nothing can be written anywhere");
	close(fd);
	is_int(fd_write(-1, "x", 1), -1, "no descriptor is a failure");
	is_int(errno, EBADF, "with its reason");
}

static int read_bytes(const void *bytes, size_t length, struct buf *into)
{
	int fd = scratch_input(bytes, length), got;

	memset(&fault, 0, sizeof fault);
	got = fd_read_all(fd, "input", into, &fault);
	close(fd);
	return got;
}

static void test_read_all(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	is_int(read_bytes("", 0, &b), 0, "an empty file is read");
	is_int((long long)b.length, 0, "as nothing");
	ok(buf_str(&b)[0] == '\0', "which reads as the empty string");
	is_int(read_bytes("a\0b", 3, &b), 0, "a file with a NUL byte");
	is_int(read_bytes("cd", 2, &b), 0, "and another");
	ok(b.length == 5 && !memcmp(buf_str(&b), "a\0bcd", 6), "are appended, byte for byte");
	buf_free(&b);
	for (size_t length = 65534; length <= 65538; length++) {
		buf_clear(&b);
		ok(read_bytes(much, length, &b) == 0 && b.length == length &&
			!memcmp(b.bytes, much, length),
		    "a file of %zu bytes", length);
	}
	buf_free(&b);
	is_int(read_bytes(much, MUCH, &b), 0, "a large file");
	ok(b.length == MUCH && !memcmp(b.bytes, much, MUCH), "is read whole");
	ok(b.room < (size_t)MUCH * 3, "without much memory to spare");
	is_int(fd_read_all(-1, "the thing", &b, &fault), -1, "a read that fails is a fault");
	is_int(fault.status, EX_OSERR, "of the system");
	ok(strstr(fault.text, "the thing") != NULL, "by name: %s", fault.text);
}

static void test_read_maximum(void)
{
	struct buf b A_CLEANUP(buf_free) = {.max = 100};

	is_int(read_bytes(much, 99, &b), 0, "less than the buffer's maximum is read");
	buf_clear(&b);
	is_int(read_bytes(much, 100, &b), 0, "as much as the buffer's maximum is read");
	ok(b.length == 100 && !buf_over(&b), "whole");
	buf_clear(&b);
	is_int(read_bytes(much, 101, &b), -1, "more is a fault");
	is_int(fault.status, EX_DATAERR, "of the data");
	ok(strstr(fault.text, "input") != NULL, "by name: %s", fault.text);
	buf_clear(&b);
	is_int(read_bytes(much, MUCH, &b), -1, "much more, too");
	buf_clear(&b);
	buf_adds(&b, "12345678901");
	is_int(read_bytes(much, 90, &b), -1, "what is there already counts");
	buf_clear(&b);
	b.max = 70000;
	is_int(read_bytes(much, 70001, &b), -1, "one byte more than a larger maximum");
	ok(b.length <= 70000, "never gets past it");
}

static int write_to_fifo(const void *name)
{
	int fd = open(name, O_WRONLY);

	return fd_write(fd, "through a pipe", 14) < 0;
}

static void test_file_read(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	pid_t child;

	scratch_put("file", 0600, "text\n");
	is_int(file_read("file", EX_NOINPUT, &b, &fault), 0, "a file is read");
	is_str(buf_str(&b), "text\n", "as it is");
	scratch_need(symlink("file", "link") == 0, "symlink");
	buf_clear(&b);
	is_int(file_read("link", EX_NOINPUT, &b, &fault), 0, "a link to one is followed");
	is_str(buf_str(&b), "text\n", "to what it says");
	scratch_need(mkfifo("fifo", 0600) == 0, "mkfifo");
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(write_to_fifo("fifo"));
	buf_clear(&b);
	is_int(file_read("fifo", EX_NOINPUT, &b, &fault), 0, "a pipe is read");
	is_str(buf_str(&b), "through a pipe", "to its end");
	waitpid(child, NULL, 0);
}

static void test_file_read_refused(void)
{
	static const struct {
		const char *path;
		int missing, want;
	} cases[] = {
	    {"none", EX_NOINPUT, EX_NOINPUT},
	    {"none", EXIT_NO, EXIT_NO},
	    {"none/file", EX_NOINPUT, EX_NOINPUT},
	    {"file/file", EX_NOINPUT, EX_NOINPUT},
	    {"", EX_NOINPUT, EX_NOINPUT},
	    {"loop", EX_NOINPUT, EX_OSERR},
	};
	static const char *const kinds[] = {".", "/dev/null", "/dev/zero"};
	struct buf b A_CLEANUP(buf_free) = {0};
	int before = scratch_open_count();

	scratch_need(symlink("loop", "loop") == 0, "symlink");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		is_int(file_read(cases[i].path, cases[i].missing, &b, &fault), -1,
		    "a file that can't be read: '%s'", cases[i].path);
		is_int(fault.status, cases[i].want, "with the status that was asked for");
		ok(strstr(fault.text, cases[i].path) != NULL, "by name: %s", fault.text);
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		is_int(file_read(kinds[i], EX_NOINPUT, &b, &fault), -1, "%s is refused", kinds[i]);
		ok(strstr(fault.text, kinds[i]) && fault.status > 0, "by name: %s", fault.text);
	}
	is_int((long long)b.length, 0, "nothing was read");
	is_int(scratch_open_count(), before, "and no descriptor is left");
}

static int publish(const char *path, mode_t mode, const void *bytes, size_t length)
{
	memset(&fault, 0, sizeof fault);
	return file_publish(AT_FDCWD, path, "temporary", mode, bytes, length, &fault);
}

static bool gone(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

static void test_publish(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	int before = scratch_open_count(), old, dir;
	mode_t mask = umask(0);
	struct stat st = {0};

	is_int(publish("made", 0640, "one", 3), 0, "a file is published");
	is_int(stat("made", &st), 0, "under its name");
	is_int(st.st_mode & 07777, 0640, "with its mode");
	ok(gone("temporary"), "and no temporary is left");
	old = open("made", O_RDONLY | O_CLOEXEC);
	is_int(publish("made", 0600, much, MUCH), 0, "another is published in its place");
	is_int(fd_read_all(old, "old", &b, &fault), 0, "who reads the old one");
	is_str(buf_str(&b), "one", "still reads that");
	close(old);
	buf_clear(&b);
	is_int(file_read("made", EX_NOINPUT, &b, &fault), 0, "who opens it now");
	ok(b.length == MUCH && !memcmp(b.bytes, much, MUCH), "reads the new one, whole");
	is_int(publish("made", 0600, NULL, 0), 0, "an empty file can be published");
	ok(stat("made", &st) == 0 && st.st_size == 0, "and is empty");
	scratch_need(mkdir("dir", 0700) == 0, "mkdir");
	dir = open("dir", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	is_int(file_publish(dir, "x", ".x", 0600, "y", 1, &fault), 0, "paths are relative");
	ok(stat("dir/x", &st) == 0 && gone("dir/.x") && gone("x"), "to the directory");
	close(dir);
	umask(mask);
	is_int(scratch_open_count(), before, "no descriptor is left");
}

static void test_publish_refused(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	int before = scratch_open_count();

	is_int(publish("dir", 0600, "x", 1), -1, "a directory can't be replaced");
	is_int(fault.status, EX_CANTCREAT, "the file can't be created");
	ok(strstr(fault.text, "dir") && gone("temporary"), "no temporary is left: %s", fault.text);
	is_int(publish("none/x", 0600, "x", 1), -1, "a directory that isn't there");
	is_int(fault.status, EX_CANTCREAT, "the file can't be created");
	ok(gone("temporary"), "no temporary is left: %s", fault.text);
	is_int(file_publish(AT_FDCWD, "x", "none/t", 0600, "x", 1, &fault), -1,
	    "no place for the temporary");
	is_int(fault.status, EX_CANTCREAT, "the file can't be created");
	ok(gone("x"), "nothing is published: %s", fault.text);
	scratch_put("victim", 0600, "kept");
	scratch_need(symlink("victim", "planted") == 0, "symlink");
	is_int(file_publish(AT_FDCWD, "x", "planted", 0600, "x", 1, &fault), -1,
	    "a link in the temporary's place is not followed");
	is_int(file_read("victim", EX_NOINPUT, &b, &fault), 0, "what it leads to");
	is_str(buf_str(&b), "kept", "is left alone");
	is_int(scratch_open_count(), before, "no descriptor is left");
}

/* The disk is full in the middle of the file. */
static int publish_too_much(const void *name)
{
	struct rlimit limit = {4096, 4096};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return publish(name, 0600, much, MUCH) < 0 ? fault.status : 0;
}

static int publish_unprivileged(const void *name)
{
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 200;
	return publish(name, 0600, "x", 1) < 0 ? fault.status : 0;
}

static int read_unprivileged(const void *name)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 200;
	return file_read(name, EX_NOINPUT, &b, &fault) < 0 ? fault.status : 0;
}

static void test_publish_failing(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};
	int got;

	scratch_put("kept", 0600, "the old bytes");
	is_int(scratch_child(publish_too_much, "kept"), EX_IOERR, "a write that fails is a fault");
	is_int(file_read("kept", EX_NOINPUT, &b, &fault), 0, "the file is still there");
	is_str(buf_str(&b), "the old bytes", "with its old bytes");
	ok(gone("temporary"), "and no temporary is left");
	scratch_need(mkdir("closed", 0555) == 0 && chdir("closed") == 0, "closed");
	got = scratch_child(publish_unprivileged, "x");
	scratch_need(chdir("..") == 0 && chmod("kept", 0) == 0, "..");
	if (got == 200) {
		tap_skip("a directory that may not be written", "no other user to become");
		return;
	}
	is_int(got, EX_NOPERM, "a directory that may not be written is not permitted");
	is_int(scratch_child(read_unprivileged, "kept"), EX_NOPERM,
	    "nor is a file that may not be read");
}

int main(void)
{
	char dir[PATH_MAX];

	/* fresh memory holds rubbish, as it does in a long run */
	mallopt(M_PERTURB, 0x5a);
	mallopt(M_MMAP_MAX, 0);
	for (size_t i = 0; i < MUCH; i++)
		much[i] = (char)(i * 7 + i / 251);
	test_close();
	test_fix_standard();
	test_leave_input();
	test_write_interrupted();
	test_write();
	test_read_all();
	test_read_maximum();
	scratch_enter(dir);
	test_file_read();
	test_file_read_refused();
	test_publish();
	test_publish_refused();
	test_publish_failing();
	scratch_leave(dir);
	return tap_end();
}
