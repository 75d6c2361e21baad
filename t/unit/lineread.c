#include "core/lineread.h"

#include "scratch.h"
#include "tap.h"

#include <signal.h>
#include <sys/time.h>

static struct fault fault;

/* Reads lines from the bytes until the end; the last result, with the number of lines in *lines. */
static int read_all(const void *bytes, size_t length, size_t *lines)
{
	struct lineread r A_CLEANUP(lineread_free) = {0};
	int fd = scratch_input(bytes, length), got;
	char *line;

	memset(&fault, 0, sizeof fault);
	lineread_start(&r, fd, "input");
	while ((got = lineread_next(&r, &line, &length, &fault)) > 0)
		;
	*lines = r.line;
	close(fd);
	return got;
}

static void test_lines(void)
{
	static const char bytes[] = "one\n\n  two = 2 \na\0b\nc\r\n";
	static const struct {
		const char *line;
		size_t length;
	} want[] = {{"one", 3}, {"", 0}, {"  two = 2 ", 10}, {"a\0b", 3}, {"c\r", 2}};
	struct lineread r;
	int fd = scratch_input(bytes, sizeof bytes - 1);
	char *line;
	size_t length;

	lineread_start(&r, fd, "input");
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		is_int(lineread_next(&r, &line, &length, &fault), 1, "line %zu is read", i + 1);
		ok(length == want[i].length && !memcmp(line, want[i].line, length + 1),
		    "as it is, a NUL behind it");
		is_int((long long)r.line, (long long)i + 1, "and numbered");
		/* the line is the caller's to change until the next call */
		memset(line, 'x', length);
	}
	is_int(lineread_next(&r, &line, &length, &fault), 0, "the input ends");
	is_int(lineread_next(&r, &line, &length, &fault), 0, "and stays so");
	is_int((long long)r.line, 5, "the end has no number");
	scratch_need(pwrite(fd, "more\n", 5, sizeof bytes - 1) == 5, "pwrite");
	is_int(lineread_next(&r, &line, &length, &fault), 0, "even when the file grows");
	lineread_free(&r);
	lineread_free(&r);
	ok(fcntl(fd, F_GETFD) >= 0, "freed twice, it has not closed the caller's descriptor");
	close(fd);
}

static void test_ends(void)
{
	size_t lines;

	is_int(read_all("", 0, &lines), 0, "an empty input ends");
	is_int(read_all("\n", 1, &lines), 0, "an empty line is a whole one");
	is_int((long long)lines, 1, "and counts");
	is_int(read_all("a\nb", 3, &lines), -1, "an end in the middle of a line is a fault");
	is_int(fault.status, EX_DATAERR, "of the data");
	is_int((long long)lines, 1, "behind the whole line");
	ok(strstr(fault.text, "input:2:") == fault.text, "it says where: %s", fault.text);
	is_int(read_all("a", 1, &lines), -1, "in the first line, too");
	is_int(read_all("\0", 1, &lines), -1, "a NUL byte is the middle of a line");
}

static void test_limit(void)
{
	static char bytes[LINE_MAX_BYTES * 3];
	size_t lines;

	memset(bytes, 'x', sizeof bytes);
	is_int(read_all(bytes, 65535, &lines), -1, "65535 bytes without a LF are a fault");
	ok(strstr(fault.text, "middle of a line") != NULL, "as they end in the middle of a line");
	is_int(read_all(bytes, 65536, &lines), -1, "65536 bytes without a LF are a fault");
	ok(strstr(fault.text, "longer than 65535") != NULL, "as the line is too long");
	ok(!strncmp(fault.text, "input:1:", 8), "it says where: %s", fault.text);
	is_int(read_all(bytes, sizeof bytes, &lines), -1, "so are many more");
	is_int(fault.status, EX_DATAERR, "of the data");
	bytes[65535] = '\n';
	is_int(read_all(bytes, 65536, &lines), 0, "a line of 65535 bytes is read");
	is_int((long long)lines, 1, "as one line");
	bytes[65535] = 'x';
	bytes[65536] = '\n';
	is_int(read_all(bytes, 65537, &lines), -1, "a line of 65536 bytes is a fault");
	is_int(fault.status, EX_DATAERR, "of the data");
	ok(!strncmp(fault.text, "input:1:", 8), "it says where: %s", fault.text);
	bytes[0] = '\n';
	is_int(read_all(bytes, 65537, &lines), 0, "65535 bytes behind an empty line are read");
	bytes[0] = 'x';
	bytes[1] = '\n';
	bytes[65536] = 'x';
	bytes[65538] = '\n';
	is_int(read_all(bytes, 65539, &lines), -1, "65536 bytes in the second line are a fault");
	ok(!strncmp(fault.text, "input:2:", 8), "it says where: %s", fault.text);
}

/* Lines of every length that matters, one after another, through the one buffer. */
static void test_boundaries(void)
{
	static const size_t step[] = {65535, 1, 65534, 0, 65535, 65535, 32767, 3, 65533, 65535};
	struct lineread r A_CLEANUP(lineread_free) = {0};
	static char bytes[600000];
	size_t at = 0, length;
	bool good = true;
	char *line;
	int fd;

	for (size_t i = 0; i < COUNT_OF(step); i++) {
		memset(bytes + at, (int)('a' + i), step[i]);
		at += step[i];
		bytes[at++] = '\n';
	}
	fd = scratch_input(bytes, at);
	lineread_start(&r, fd, "input");
	for (size_t i = 0; i < COUNT_OF(step); i++) {
		good = lineread_next(&r, &line, &length, &fault) == 1 && length == step[i] && good;
		for (size_t j = 0; j < length && good; j++)
			good = line[j] == (char)('a' + i);
		good = good && !line[length];
	}
	ok(good, "lines at and near the limit come whole and in order");
	is_int(lineread_next(&r, &line, &length, &fault), 0, "and then the end");
	close(fd);
}

static void test_many(void)
{
	struct lineread r A_CLEANUP(lineread_free) = {0};
	FILE *file = tmpfile();
	size_t bad = 0, length;
	char *line, want[32];

	for (int i = 1; i <= 100000; i++)
		fprintf(file, "%d\n", i);
	rewind(file);
	lineread_start(&r, fileno(file), "input");
	while (lineread_next(&r, &line, &length, &fault) > 0) {
		snprintf(want, sizeof want, "%zu", r.line);
		bad += strcmp(line, want) != 0;
	}
	is_int((long long)r.line, 100000, "100000 lines");
	is_int((long long)bad, 0, "each of them as written");
	fclose(file);
}

static void on_alarm(int number)
{
	(void)number;
}

static int write_slowly(const void *to)
{
	int fd = *(const int *)to;

	for (const char *p = "slow\nlines\n\n"; *p; p++) {
		usleep(15000);
		if (write(fd, p, 1) != 1)
			return 1;
	}
	return 0;
}

/* A pipe gives what there is, and signals interrupt. */
static void test_slow(void)
{
	static const char *const want[] = {"slow", "lines", ""};
	struct sigaction action = {.sa_handler = on_alarm}, before;
	struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct lineread r A_CLEANUP(lineread_free) = {0};
	int ends[2];
	size_t length;
	char *line;
	pid_t child;

	scratch_need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
	child = fork();
	if (child == 0)
		_exit(write_slowly(&ends[1]));
	close(ends[1]);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	lineread_start(&r, ends[0], "pipe");
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		is_int(lineread_next(&r, &line, &length, &fault), 1, "a line comes byte by byte");
		is_str(line, want[i], "and is whole");
	}
	is_int(lineread_next(&r, &line, &length, &fault), 0, "the pipe ends");
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	waitpid(child, NULL, 0);
	close(ends[0]);
}

static void test_unreadable(void)
{
	struct lineread r A_CLEANUP(lineread_free) = {0};
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	size_t length;
	char *line;

	lineread_start(&r, fd, "a directory");
	is_int(lineread_next(&r, &line, &length, &fault), -1, "a read error is a fault");
	is_int(fault.status, EX_OSERR, "of the system");
	ok(strstr(fault.text, "a directory") && strstr(fault.text, "Is a directory"),
	    "it says what and why: %s", fault.text);
	close(fd);
}

int main(void)
{
	test_lines();
	test_ends();
	test_limit();
	test_boundaries();
	test_many();
	test_slow();
	test_unreadable();
	return tap_end();
}
