#include "core/proc.h"

#include "core/fd.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>

static struct fault fault;
static char here[PATH_MAX];

#define run(io, ...) run_list(io, (const char *const[]){__VA_ARGS__, NULL})
#define capture(dir, out, ...) capture_list(dir, out, (const char *const[]){__VA_ARGS__, NULL})

static void fill(struct strv *command, const char *const *words)
{
	memset(&fault, 0, sizeof fault);
	while (*words)
		strv_add(command, *words++);
}

/* The status of the program, or -1 with the fault. */
static int run_list(const struct proc_io *io, const char *const *words)
{
	static const struct proc_io nothing = {.in = -1, .out = -1};
	struct strv command A_CLEANUP(strv_free) = {0};
	int status = -2, got;

	fill(&command, words);
	got = proc_run(&command, io ? io : &nothing, &status, &fault);
	return got < 0 ? -1 : status;
}

static int capture_list(const char *dir, struct buf *out, const char *const *words)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int status = -2, got;

	fill(&command, words);
	got = proc_capture(&command, dir, out, &status, &fault);
	return got < 0 ? -1 : status;
}

static void test_status(void)
{
	is_int(run(NULL, "true"), 0, "a program that succeeds");
	is_int(run(NULL, "false"), 1, "one that fails");
	is_int(run(NULL, "/bin/sh", "-c", "exit 42"), 42, "one with a status of its own");
	is_int(run(NULL, "sh", "-c", "exit 255"), 255, "the largest status");
	is_int(run(NULL, "sh", "-c", "kill -KILL $$"), 128 + SIGKILL, "one killed by SIGKILL");
	is_int(run(NULL, "sh", "-c", "kill -TERM $$"), 128 + SIGTERM, "one killed by SIGTERM");
	is_int(run(NULL, "sh", "-c", "kill -HUP $$"), 128 + SIGHUP, "one killed by SIGHUP");
	is_int(run(NULL, "sh", "-c", "exit 127"), 127, "one that says 127 itself was started");
	errno = 0;
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "none is left to wait for");
}

static void not_started(const char *program, int status, const char *reason)
{
	int before = scratch_open_count();

	is_int(run(NULL, program, "x"), -1, "not started: '%s'", program);
	is_int(fault.status, status, "the status says so");
	ok(strstr(fault.text, program) && strstr(fault.text, reason), "and the text: %s",
	    fault.text);
	is_int(scratch_open_count(), before, "no descriptor is left");
}

static void test_not_started(void)
{
	scratch_put("plain", 0644, "#!/bin/sh\nexit 5\n");
	scratch_put("no-interpreter-line", 0755, "exit 5\n");
	scratch_put("our-script", 0755, "#!/bin/sh\nexit 5\n");
	is_int(run(NULL, "./our-script"), 5, "a program beside us is started by its path");
	if (!scratch_spawn_tells())
		return;
	not_started("mirari-no-such-program", EXIT_NOT_FOUND, "not found");
	not_started("", EXIT_NOT_FOUND, "");
	not_started("our-script", EXIT_NOT_FOUND, "not found");
	not_started("./mirari-no-such-program", EXIT_NOT_FOUND, "No such file");
	not_started("/no/such/program", EXIT_NOT_FOUND, "No such file");
	not_started("./plain", EXIT_CANNOT_EXEC, "Permission denied");
	not_started("/", EXIT_CANNOT_EXEC, "");
	not_started("./no-interpreter-line", EXIT_CANNOT_EXEC, "Exec format error");
	ok(waitpid(-1, NULL, WNOHANG) < 0, "none is left to wait for");
}

static void test_in_path(void)
{
	const char *old = getenv("PATH");
	struct strv path A_CLEANUP(strv_free) = {0};

	strv_addf(&path, "%s/none:%s/first:%s/second", here, here, here);
	strv_add(&path, old);
	scratch_need(mkdir("first", 0755) == 0 && mkdir("second", 0755) == 0, "mkdir");
	scratch_put("first/both", 0755, "#!/bin/sh\nexit 1\n");
	scratch_put("second/both", 0755, "#!/bin/sh\nexit 2\n");
	scratch_put("first/later", 0644, "#!/bin/sh\nexit 1\n");
	scratch_put("second/later", 0755, "#!/bin/sh\nexit 2\n");
	scratch_put("first/never", 0644, "#!/bin/sh\nexit 1\n");
	setenv("PATH", path.items[0], 1);
	is_int(run(NULL, "both"), 1, "the first in PATH is run");
	is_int(run(NULL, "later"), 2, "one that can't be executed is passed over");
	if (scratch_spawn_tells()) {
		is_int(run(NULL, "never"), -1, "where there is no other");
		is_int(fault.status, EXIT_CANNOT_EXEC, "it can't be executed");
	}
	setenv("PATH", path.items[1], 1);
}

static void test_input(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	int in = scratch_input("from the file", 13), into = proc_memory_file(&fault);
	struct proc_io io = {.in = in, .out = into};

	is_int(run(&io, "cat"), 0, "a program between two files");
	scratch_need(lseek(into, 0, SEEK_SET) == 0, "lseek");
	is_int(fd_read_all(into, "out", &out, &fault), 0, "its output is in the one");
	is_str(buf_str(&out), "from the file", "what it read in the other");
	close(in);
	close(into);
}

static int exit_status_of_cat(const void *in)
{
	struct proc_io io = {.in = *(const int *)in, .out = -1};

	close(STDOUT_FILENO);
	if (open("printed", O_WRONLY | O_CREAT | O_TRUNC, 0600) != STDOUT_FILENO)
		return 100;
	return run(&io, "cat");
}

/* The standard descriptors themselves, which must not be lost on the way to the child. */
static void test_own_standard(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	int in = scratch_input("input", 5), zero = STDIN_FILENO;
	int before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	is_int(scratch_child(exit_status_of_cat, &in), 0, "an output of -1");
	is_int(file_read("printed", EX_NOINPUT, &out, &fault), 0, "is ours");
	is_str(buf_str(&out), "input", "and gets what is printed");
	scratch_need(dup3(in, STDIN_FILENO, O_CLOEXEC) == 0 && lseek(in, 0, SEEK_SET) == 0, "dup3");
	buf_clear(&out);
	is_int(scratch_child(exit_status_of_cat, &zero), 0, "an input that is descriptor 0");
	is_int(file_read("printed", EX_NOINPUT, &out, &fault), 0, "and close-on-exec");
	is_str(buf_str(&out), "input", "is read all the same");
	buf_clear(&out);
	is_int(capture(NULL, &out, "readlink", "/proc/self/fd/0"), 0, "without an input");
	is_str(buf_str(&out), "/dev/null\n", "it reads /dev/null, not what we would");
	dup2(before, STDIN_FILENO);
	close(before);
	close(in);
}

static void test_arguments(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};

	is_int(capture(NULL, &out, "printf", "[%s]", "$(id)", "a b", "", "'", "*", "a\nb", ";x"), 0,
	    "arguments");
	is_str(buf_str(&out), "[$(id)][a b][]['][*][a\nb][;x]", "arrive as they are");
}

static void test_capture(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	int before = scratch_open_count();

	buf_adds(&out, "before:");
	is_int(capture(NULL, &out, "printf", "a\\0b"), 0, "a captured program");
	ok(out.length == 10 && !memcmp(buf_str(&out), "before:a\0b", 11), "is appended, with NULs");
	buf_clear(&out);
	is_int(capture(NULL, &out, "sh", "-c", "echo text; exit 3"), 3, "one that fails");
	is_str(buf_str(&out), "text\n", "is captured, too");
	buf_free(&out);
	is_int(capture(NULL, &out, "true"), 0, "one that prints nothing");
	is_int((long long)out.length, 0, "adds nothing");
	is_str(buf_str(&out), "", "and reads as the empty string");
	is_int(
	    capture(NULL, &out, "head", "-c", "3000000", "/dev/zero"), 0, "one that prints a lot");
	is_int((long long)out.length, 3000000, "more than a pipe holds");
	if (scratch_spawn_tells()) {
		is_int(capture(NULL, &out, "mirari-no-such-program"), -1, "one that isn't there");
		is_int(fault.status, EXIT_NOT_FOUND, "is not found");
	}
	buf_free(&out);
	out.max = 1000;
	is_int(capture(NULL, &out, "head", "-c", "2000", "/dev/zero"), -1, "more than the maximum");
	is_int(fault.status, EX_DATAERR, "is a fault of the data");
	is_int(scratch_open_count(), before, "no descriptor is left");
}

/* What we have open stays ours. */
static void test_inherited(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	int mine = proc_memory_file(&fault), seen = 0;

	ok(mine >= 0 && fcntl(mine, F_GETFD) == FD_CLOEXEC, "a file in memory is close-on-exec");
	ok(write(mine, "x", 1) == 1 && lseek(mine, 0, SEEK_SET) == 0, "and can be written");
	is_int(capture(NULL, &out, "ls", "-l", "/proc/self/fd"), 0, "a program's descriptors");
	for (const char *p = buf_str(&out); (p = strstr(p, "/memfd:")); p++)
		seen++;
	is_int(seen, 1, "the only file in memory is its output");
	close(mine);
}

/* The reader of either standard stream gets what is its own. */
static void test_two_outputs(void)
{
	struct buf out A_CLEANUP(buf_free) = {0}, err A_CLEANUP(buf_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	int files[] = {scratch_input("", 0), scratch_input("", 0)}, status = -1;
	const struct proc_io io = {.in = -1, .out = files[0], .err = &files[1]};

	strv_list(&command, "sh", "-c", "echo one; echo two >&2");
	is_int(proc_run(&command, &io, &status, &fault), 0, "a standard error of its own");
	scratch_need(!lseek(files[0], 0, SEEK_SET) && !lseek(files[1], 0, SEEK_SET), "lseek");
	scratch_need(fd_read_all(files[0], "out", &out, &fault) == 0 &&
			 fd_read_all(files[1], "err", &err, &fault) == 0,
	    "read");
	is_str(buf_str(&out), "one\n", "standard output");
	is_str(buf_str(&err), "two\n", "standard error");
	close(files[0]);
	close(files[1]);
}

static void test_directory(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	char after[PATH_MAX];

	is_int(capture("/", &out, "pwd"), 0, "a program elsewhere");
	is_str(buf_str(&out), "/\n", "runs there");
	is_str(getcwd(after, sizeof after), here, "and we stay here");
	buf_clear(&out);
	is_int(capture(NULL, &out, "pwd", "-P"), 0, "a program here");
	ok(!strncmp(buf_str(&out), here, strlen(here)), "runs here");
	if (!scratch_spawn_tells())
		return;
	is_int(capture("no-such-directory", &out, "true"), -1, "a directory that isn't there");
	ok(strstr(fault.text, "no-such-directory") != NULL, "is what the fault names: %s",
	    fault.text);
}

static int run_nothing(const void *unused)
{
	struct strv command = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status = 0;

	(void)unused;
	return proc_run(&command, &io, &status, &fault) < 0 && fault.status ? 0 : 1;
}

static int exec_nothing(const void *unused)
{
	(void)unused;
	return proc_exec(&(struct strv){0}, &fault) < 0 && fault.status ? 0 : 1;
}

static void test_no_words(void)
{
	is_int(scratch_child(run_nothing, NULL), 0, "a command without words can't be run");
	is_int(scratch_child(exec_nothing, NULL), 0, "nor become");
}

/* A parent that ignores SIGCHLD hands that down. */
static void test_ignored_children(void)
{
	signal(SIGCHLD, SIG_IGN);
	is_int(run(NULL, "sh", "-c", "exit 3"), 3, "a status is learnt with SIGCHLD ignored, too");
	signal(SIGCHLD, SIG_DFL);
}

static void on_alarm(int number)
{
	(void)number;
}

static void test_interrupted(void)
{
	struct sigaction action = {.sa_handler = on_alarm}, before;

	sigaction(SIGALRM, &action, &before);
	alarm(1);
	is_int(run(NULL, "sh", "-c", "sleep 1.3; exit 4"), 4, "a signal doesn't end the waiting");
	alarm(0);
	sigaction(SIGALRM, &before, NULL);
}

/* Becomes the program; the fault's status where that fails. */
static int become(const void *words)
{
	struct strv command = {0};

	fill(&command, words);
	if (proc_exec(&command, &fault) != -1)
		return 200;
	strv_free(&command);
	return fault.status;
}

#define becoming(...) scratch_child(become, (const char *const[]){__VA_ARGS__, NULL})

static void test_exec(void)
{
	is_int(becoming("sh", "-c", "exit 9"), 9, "exec: the program's status");
	is_int(becoming("sh", "-c", "kill -TERM $$"), 128 + SIGTERM, "exec: the program's signal");
	is_int(
	    becoming("sh", "-c", "test \"$1\" = '$(id)'", "x", "$(id)"), 0, "exec: its arguments");
	is_int(becoming("mirari-no-such-program"), EXIT_NOT_FOUND, "exec: not found");
	is_int(becoming("/no/such/program"), EXIT_NOT_FOUND, "exec: no such file");
	is_int(becoming("./plain"), EXIT_CANNOT_EXEC, "exec: may not be executed");
	is_int(becoming("/"), EXIT_CANNOT_EXEC, "exec: a directory");
	is_int(becoming("./no-interpreter-line"), EXIT_CANNOT_EXEC,
	    "exec: what the kernel can't run isn't given to a shell");
}

static void found(const char *path, const char *name, const char *want)
{
	struct buf at A_CLEANUP(buf_free) = {0};
	char *old = strdup(getenv("PATH"));

	setenv("PATH", path, 1);
	is_int(proc_find(name, &at), want ? 0 : -1, "find '%s' in '%s'", name, path);
	is_str(buf_str(&at), want ? want : "", "its path, or nothing");
	is_int((long long)at.length, (long long)strlen(buf_str(&at)), "and counted");
	setenv("PATH", old, 1);
	free(old);
}

static void test_find(void)
{
	struct buf at A_CLEANUP(buf_free) = {0};

	scratch_need(mkdir("first/dir", 0755) == 0, "mkdir");
	scratch_put("second/dir", 0755, "#!/bin/sh\nexit 3\n");
	found("first:second", "both", "first/both");
	found("second:first", "both", "second/both");
	found("first:second", "later", "second/later");
	found("first:second", "never", NULL);
	found("none:first", "both", "first/both");
	found("first", "none", NULL);
	found("", "both", NULL);
	found("first:second", "dir", "second/dir");
	found("first", "dir", NULL);
	found("first", "", NULL);
	found(":none", "our-script", "./our-script");
	found("none", "./our-script", "./our-script");
	found("none", "./plain", NULL);
	found("first", "./both", NULL);
	found("none", "./first", NULL);
	setenv("PATH", "none:first", 1);
	buf_adds(&at, "before:");
	is_int(proc_find("both", &at), 0, "find with something in the buffer already");
	is_str(buf_str(&at), "before:first/both", "appends to that");
	buf_clear(&at);
	buf_adds(&at, "before:");
	is_int(proc_find("none", &at), -1, "what isn't found");
	is_str(buf_str(&at), "before:", "leaves that alone");
	unsetenv("PATH");
	is_int(proc_find("both", &at), -1, "nothing is found without a PATH");
}

/* What is run and what is become are looked for in the same way. */
static void test_exec_in_path(void)
{
	setenv("PATH", "none:first:second", 1);
	is_int(becoming("both"), 1, "exec: the first in PATH");
	is_int(becoming("later"), 2, "exec: one that can't be executed is passed over");
	is_int(becoming("dir"), 3, "exec: so is a directory");
	is_int(becoming("never"), EXIT_CANNOT_EXEC, "exec: there is one, but not to be executed");
	is_int(becoming("none"), EXIT_NOT_FOUND, "exec: there is none");
	is_int(becoming(""), EXIT_NOT_FOUND, "exec: a command without a name");
	is_int(run(NULL, "dir"), 3, "run: a directory is passed over");
	errno = 0;
	is_int(proc_find("none", &(struct buf){0}), -1, "what can't be found");
	is_int(errno, ENOENT, "leaves the reason in errno");
}

int main(void)
{
	setenv("LC_ALL", "C", 1);
	/* a directory that we may not search would turn "not found" into "not permitted" */
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	scratch_enter(here);
	test_status();
	test_not_started();
	test_in_path();
	test_input();
	test_own_standard();
	test_arguments();
	test_capture();
	test_inherited();
	test_two_outputs();
	test_directory();
	test_no_words();
	test_ignored_children();
	test_interrupted();
	test_exec();
	test_find();
	test_exec_in_path();
	scratch_leave(here);
	return tap_end();
}
