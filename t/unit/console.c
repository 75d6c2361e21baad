/* The console of an instance: both ends of it. */
#include "host/console.h"

#include "core/clock.h"
#include "core/fd.h"
#include "host/consoleclient.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct fault fault;
static int here;

static struct console console_of(const struct instancelog *log)
{
	return (struct console){.dir = here, .name = "x.console", .log = log};
}

static void take_typed(void *data, const void *bytes, size_t length)
{
	buf_add(data, bytes, length);
}

/* Serves whatever is there to be served; how often something was. */
static int serve(struct console *c, struct buf *typed)
{
	struct pollfd polls[CONSOLE_POLLS];
	int times = 0;

	for (; times < 1000; times++) {
		size_t count = console_polls(c, polls);

		if (poll(polls, (nfds_t)count, 20) <= 0)
			break;
		console_serve(c, polls, count, take_typed, typed);
	}
	return times;
}

/* Connects, while nobody but us can serve: so the greeting is read by hand. */
static int join(struct console *c, struct buf *greeting)
{
	struct buf typed A_CLEANUP(buf_free) = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "x.console"};
	char bytes[256];
	ssize_t n;

	scratch_need(fd >= 0, "socket");
	scratch_need(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
	serve(c, &typed);
	n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n > 0 && greeting)
		buf_add(greeting, bytes, (size_t)n);
	return fd;
}

static void reads(int fd, const char *want, const char *what)
{
	char bytes[1 << 16];
	ssize_t n = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);

	bytes[n > 0 ? n : 0] = '\0';
	is_str(bytes, want, "%s", what);
}

static void test_both_ways(void)
{
	struct console c = console_of(NULL);
	struct buf typed A_CLEANUP(buf_free) = {0}, hello A_CLEANUP(buf_free) = {0};
	struct stat st;
	int one, two;

	ok(console_open(&c, &fault) == 0, "listens");
	ok(stat("x.console", &st) == 0 && (st.st_mode & 07777) == 0600, "for its user alone");
	console_send(&c, "early\n", 6);
	one = join(&c, &hello);
	is_str(buf_str(&hello), "mirari-console 0.0.0\n", "it greets, and nothing of before comes");
	two = join(&c, NULL);
	console_send(&c, "to all\n", 7);
	reads(one, "to all\n", "what is sent comes to one");
	reads(two, "to all\n", "and to the other");
	scratch_need(write(one, "typed ", 6) == 6 && write(two, "by two\n", 7) == 7, "write");
	serve(&c, &typed);
	is_int((long long)typed.length, 13, "what is typed comes from both");
	buf_clear(&typed);
	scratch_need(write(one, "last", 4) == 4 && shutdown(one, SHUT_WR) == 0, "shutdown");
	ok(serve(&c, &typed) < 5, "one whose bytes have ended isn't looked at again and again");
	is_str(buf_str(&typed), "last", "its last bytes come");
	console_send(&c, "more\n", 5);
	reads(one, "more\n", "and it still listens");
	scratch_need(write(two, "bye", 3) == 3, "write");
	close(two);
	buf_clear(&typed);
	serve(&c, &typed);
	is_str(buf_str(&typed), "bye", "one that goes: what it typed comes");
	is_int((long long)c.count, 1, "and it is gone");
	close(one);
	serve(&c, &typed);
	is_int((long long)c.count, 0, "the other one, too");
	console_close(&c);
	console_close(&c);
	ok(access("x.console", F_OK) < 0, "the socket is removed");
}

static void test_slow(void)
{
	static char bytes[1 << 16];
	struct console c = console_of(NULL);
	int64_t before;
	int slow, fast;
	size_t got = 0;
	ssize_t n;

	scratch_need(console_open(&c, &fault) == 0, fault.text);
	slow = join(&c, NULL);
	fast = join(&c, NULL);
	memset(bytes, 'x', sizeof bytes);
	before = clock_ms();
	for (int i = 0; i < 200; i++) {
		console_send(&c, bytes, sizeof bytes);
		while ((n = recv(fast, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
			got += (size_t)n;
	}
	ok(clock_ms() - before < 5000, "nobody waits for one that doesn't read");
	is_int((long long)got, 200LL * (1 << 16), "the other one gets all");
	while (recv(slow, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
	console_send(&c, "again\n", 6);
	reads(slow, "\r\n[mirari: some of the output is missing here]\r\nagain\n",
	    "once it reads again, it is told");
	console_send(&c, "again\n", 6);
	reads(slow, "again\n", "once");
	close(slow);
	close(fast);
	console_close(&c);
}

static void test_many(void)
{
	struct console c = console_of(NULL);
	struct buf typed A_CLEANUP(buf_free) = {0}, greeting A_CLEANUP(buf_free) = {0};
	int fds[CONSOLE_CLIENTS_MAX + 1];
	char line[64];

	scratch_need(console_open(&c, &fault) == 0, fault.text);
	for (int i = 0; i < CONSOLE_CLIENTS_MAX; i++)
		fds[i] = join(&c, NULL);
	is_int((long long)c.count, CONSOLE_CLIENTS_MAX, "so many clients");
	fds[CONSOLE_CLIENTS_MAX] = join(&c, &greeting);
	ok(c.count == CONSOLE_CLIENTS_MAX && !greeting.length, "one more waits");
	close(fds[3]);
	serve(&c, &typed);
	is_int((long long)c.count, CONSOLE_CLIENTS_MAX, "for a place");
	is_int(recv(fds[CONSOLE_CLIENTS_MAX], line, sizeof line, MSG_DONTWAIT), 21,
	    "and is greeted then");
	for (int i = 0; i <= CONSOLE_CLIENTS_MAX; i++)
		if (i != 3)
			close(fds[i]);
	serve(&c, &typed);
	is_int((long long)c.count, 0, "all go");
	console_close(&c);
}

static void test_greeting(void)
{
	struct instancelog l = {.dir = here, .name = "x.log", .files = 2};
	struct console c = console_of(&l);
	struct buf got A_CLEANUP(buf_free) = {0}, want A_CLEANUP(buf_free) = {0};
	struct stat st;
	int fd;

	scratch_need(instancelog_open(&l, &fault) == 0, fault.text);
	scratch_need(instancelog_add(&l, LOG_STDOUT, "line\nlogin: ", 12, &fault) == 0, fault.text);
	scratch_need(console_open(&c, &fault) == 0, fault.text);
	fd = join(&c, &got);
	scratch_need(stat("x.log", &st) == 0, "stat");
	buf_printf(&want, "mirari-console %llu.%llu.%llu\nlogin: ", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino, (unsigned long long)st.st_size);
	is_str(buf_str(&got), buf_str(&want), "where the log ends, and what is begun behind that");
	close(fd);
	console_close(&c);
	instancelog_close(&l);
	unlink("x.log");
}

static void test_sockets(void)
{
	struct console c = console_of(NULL), again = console_of(NULL), longer = console_of(NULL);
	char deep[] = "a-directory-whose-path-is-longer-than-a-socket's-may-be-as-those-have-a-"
		      "hundred-and-eight-bytes-and-not-one-more-for-reasons-of-old";
	char name[200];

	scratch_need(console_open(&c, &fault) == 0, fault.text);
	ok(console_open(&again, &fault) < 0 && fault.status == EX_TEMPFAIL, "in use: %s",
	    fault.text);
	close(c.listening); /* as if we were killed */
	c.listening = -1;
	ok(console_open(&again, &fault) == 0, "one that nobody listens at is replaced");
	console_close(&again);
	scratch_put("x.console", 0600, "");
	ok(console_open(&again, &fault) == 0, "a file in its place, too");
	console_close(&again);
	scratch_need(mkdir(deep, 0700) == 0, deep);
	longer.dir = open(deep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(console_open(&longer, &fault) == 0, "in a directory with a long path");
	ok(snprintf(name, sizeof name, "%s/x.console", deep) > 108 && access(name, F_OK) == 0,
	    "that's where it is");
	console_close(&longer);
	close(longer.dir);
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	longer.dir = here;
	longer.name = name;
	ok(console_open(&longer, &fault) < 0 && fault.status == EX_DATAERR,
	    "a name that is too long: a fault");
}

static int connect_as_other(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "x.console"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	if (setuid(65534) < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return 2;
	return read(fd, &byte, 1) == 0 ? 0 : 1;
}

static void test_others(void)
{
	struct console c = console_of(NULL);
	struct buf typed A_CLEANUP(buf_free) = {0};
	int status = -1;
	pid_t pid;

	if (getuid() != 0) {
		tap_skip("another user", "needs root");
		return;
	}
	scratch_need(console_open(&c, &fault) == 0, fault.text);
	/* as if directory and socket didn't keep them out already */
	scratch_need(chmod("x.console", 0666) == 0, "chmod");
	fflush(stdout);
	pid = fork();
	scratch_need(pid >= 0, "fork");
	if (pid == 0)
		_exit(connect_as_other());
	for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
		serve(&c, &typed);
	is_int(status, 0, "another user is sent away, ungreeted");
	is_int((long long)c.count, 0, "and is no client");
	console_close(&c);
}

/* ---- the client ---------------------------------------------------------------------------------
 */

/* A supervisor that greets, sends what it is told to, sends back what is typed, and ends at a 'q'.
 */
static pid_t start_supervisor(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	scratch_need(pid >= 0, "fork");
	if (pid == 0) {
		struct console c = console_of(NULL);
		struct buf typed A_CLEANUP(buf_free) = {0};

		if (console_open(&c, &fault) < 0)
			_exit(1);
		while (!memchr(buf_str(&typed), 'q', typed.length)) {
			struct pollfd polls[CONSOLE_POLLS];
			size_t count = console_polls(&c, polls);

			typed.length = 0;
			poll(polls, (nfds_t)count, -1);
			console_serve(&c, polls, count, take_typed, &typed);
			if (typed.length)
				console_send(&c, typed.bytes, typed.length);
		}
		console_close(&c);
		_exit(0);
	}
	for (int i = 0; i < 500 && access("x.console", F_OK) < 0; i++)
		usleep(10000);
	usleep(10000); /* bound, but perhaps not listening yet */
	return pid;
}

static void test_client(void)
{
	struct logplace from = {1, 1, 1};
	struct console_ends ends = {.screen = true};
	struct buf text A_CLEANUP(buf_free) = {0};
	pid_t pid;
	int fd;

	ok(console_connect(here, "x.console", &from, &fault) < 0 && fault.status == EXIT_NO,
	    "nobody: %s", fault.text);
	pid = start_supervisor();
	fd = console_connect(here, "x.console", &from, &fault);
	ok(fd >= 0 && !from.device && !from.inode && !from.offset, "connects, and is greeted");
	ends.in = scratch_input("say \033[2J\x1d\nq\n", 12);
	lseek(ends.in, 0, SEEK_SET);
	ends.out = scratch_input("", 0);
	ok(console_attach(fd, &ends, &fault) == 0 && !ends.left, "copies until it ends");
	lseek(ends.out, 0, SEEK_SET);
	scratch_need(fd_read_all(ends.out, "out", &text, &fault) == 0, "out");
	is_str(buf_str(&text), "say ^[[2J^]\nq\n", "both ways; ^] leaves only on a terminal");
	close(ends.in);
	close(ends.out);
	close(fd);
	scratch_need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static int line[2 * CONSOLE_CLIENTS_MAX];
static size_t waiting;

/* As many as can be. */
static void wait_in_line(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "x.console"};
	int fd;

	do {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		scratch_need(fd >= 0 && waiting < COUNT_OF(line), "socket");
		line[waiting++] = fd;
	} while (connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
	scratch_need(errno == EAGAIN, "connect");
}

static void test_no_answer(void)
{
	struct console c = console_of(NULL);
	struct logplace from;
	int64_t before = clock_ms();

	scratch_need(console_open(&c, &fault) == 0, fault.text);
	ok(console_connect(here, "x.console", &from, &fault) < 0 && fault.status == EX_UNAVAILABLE,
	    "one that doesn't answer: %s", fault.text);
	ok(clock_ms() - before < 8000, "is given up");
	wait_in_line();
	before = clock_ms();
	ok(console_connect(here, "x.console", &from, &fault) < 0 && fault.status == EX_UNAVAILABLE,
	    "one where others wait already: %s", fault.text);
	ok(clock_ms() - before < 8000, "is given up, too");
	while (waiting)
		close(line[--waiting]);
	console_close(&c);
}

int main(void)
{
	char path[PATH_MAX];
	int before;

	here = scratch_open(path);
	before = scratch_open_count();
	test_both_ways();
	test_slow();
	test_many();
	test_greeting();
	test_sockets();
	test_others();
	test_client();
	test_no_answer();
	is_int(scratch_open_count(), before, "no descriptor is left open");
	close(here);
	scratch_leave(path);
	return tap_end();
}
