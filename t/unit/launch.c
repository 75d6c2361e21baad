#include "host/launch.h"

#include "core/clock.h"
#include "core/procid.h"
#include "scratch.h"
#include "tap.h"

#include <signal.h>

static struct fault fault;
static struct rec answer;
static int status;

static int launch_in(const char *dir, const char *script)
{
	struct strv command A_CLEANUP(strv_free) = {0};

	rec_free(&answer);
	fault = (struct fault){0};
	status = -1;
	strv_list(&command, "sh", "-c", script, "sh", "a  b", "");
	return launch_detached(&command, dir, NULL, &answer, &status, &fault);
}

static int launch(const char *script)
{
	return launch_in(NULL, script);
}

static const char *got(const char *key)
{
	const char *value = rec_get(&answer, key);

	return value ? value : "(none)";
}

static pid_t got_pid(void)
{
	return (pid_t)strtol(got("pid"), NULL, 10);
}

/* Ends within ten seconds. */
static bool ends(pid_t pid)
{
	for (int i = 0; i < 1000 && procid_of(pid).pid; i++)
		usleep(10000);
	return !procid_of(pid).pid;
}

static void test_answer(void)
{
	char dir[PATH_MAX];
	pid_t pid;

	is_int(launch("printf 'pid=%s\\narg=%s\\narg=%s\\n\\n' $$ \"$1\" \"$2\"; exec sleep 1000 "
		      ">&- 2>&-"),
	    0, "what says that it runs");
	is_int(status, 0, "runs");
	pid = got_pid();
	ok(procid_of(pid).pid == pid, "on, without us");
	ok(getsid(pid) == pid && getpgid(pid) == pid, "in a session of its own");
	is_int((long long)answer.count, 3, "and its record is here");
	is_str(answer.fields[1].value, "a  b", "with arguments that weren't touched");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	is_int(launch("printf 'a=b\\n'; sleep 0.1; printf 'c=d'; sleep 0.1; printf '\\n\\ne=f\\n'; "
		      "exit 3"),
	    0, "a record may come in pieces");
	is_int(status, 0, "what ends behind it has run");
	is_str(got("c"), "d", "it is read to its end");
	is_str(got("e"), "(none)", "and not further");
	is_int(launch("i=0; while [ $i -lt 20000 ]; do echo some.key=some-value-of-it; i=$((i + "
		      "1)); done; echo"),
	    0, "or be long");
	is_int((long long)answer.count, 20000, "to the last line");
	is_int(launch("echo"), 0, "or empty");
	is_int((long long)answer.count, 0, "which is one, too");
	scratch_need(mkdir("sub", 0755) == 0 && getcwd(dir, sizeof dir) != NULL, "mkdir");
	memcpy(dir + strlen(dir), "/sub", 5);
	is_int(launch_in("sub", "echo dir=$(pwd -P); echo"), 0, "in another directory");
	is_str(got("dir"), dir, "it is there");
	is_int(launch("p=$(readlink /proc/$$/fd/1); echo in=$(readlink /proc/$$/fd/0); "
		      "echo pipes=$(ls -l /proc/$$/fd | grep -cF \"$p\"); echo"),
	    0, "what it has");
	is_str(got("in"), "/dev/null", "nothing to read");
	is_str(got("pipes"), "1", "and of the pipe only the end to write to");
}

static void test_signals(void)
{
	sigset_t blocked;

	sigfillset(&blocked);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	is_int(launch("grep -e ^SigBlk -e ^SigIgn /proc/self/status | tr -d ':\\t' | sed "
		      "'s/Sig\\(...\\)/sig.\\1=/'; echo"),
	    0, "whatever signals we have blocked and ignored");
	is_str(got("sig.Blk"), "0000000000000000", "it blocks none");
	/* the C library's own (32 and 33) are ignored in what posix_spawn starts */
	ok((strtoull(got("sig.Ign"), NULL, 16) & 0x7fffffff) == 0, "and ignores none");
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static void cannot_start(const char *name, int why, const char *what)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int result;

	strv_add(&command, name);
	result = launch_detached(&command, NULL, NULL, &answer, &status, &fault);
	if (strchr(name, '/') && !scratch_spawn_tells())
		return;
	is_int(result, -1, "%s", what);
	is_int(fault.status, why, "%s: why", what);
}

static void test_failing(void)
{
	int64_t begun;

	is_int(launch("exit 77"), 0, "what fails");
	is_int(status, 77, "tells by its status");
	is_int(launch("printf 'name=x\\n'; exit 3"), 0, "half a record and a failure");
	is_int(status, 3, "is a failure");
	is_int(launch("kill -KILL $$"), 0, "what is killed");
	is_int(status, 128 + SIGKILL, "tells by which signal");
	is_int(launch("exec >&-; sleep 0.2; exit 5"), 0, "what closes its output");
	is_int(status, 5, "is waited for");
	begun = clock_ms();
	is_int(
	    launch("sleep 10 & exit 4"), 0, "what leaves something behind that holds its output");
	is_int(status, 4, "has failed");
	ok(clock_ms() - begun < 9000, "when it has ended, not that");
	is_int(launch("true"), -1, "what ends well without a word");
	ok(fault.status == EX_DATAERR && strstr(fault.text, "ended without saying that it runs"),
	    "hasn't said that it runs");
	is_int(launch("printf 'name=x\\n'"), -1, "half a record, and all is well");
	ok(fault.status == EX_DATAERR && strstr(fault.text, "not ended by an empty line"),
	    "is none");
	is_int(launch_in("none", "echo"), -1, "a directory that isn't there");
	ok(fault.status == EX_OSERR && strstr(fault.text, "none: No such file"), "is said");

	cannot_start("no-such-program", EXIT_NOT_FOUND, "no program of that name");
	cannot_start("./none", EXIT_NOT_FOUND, "none here");
	scratch_put("text", 0644, "");
	cannot_start("./text", EXIT_CANNOT_EXEC, "what is no program");
}

static void test_garbage(void)
{
	static const char *const scripts[] = {
	    "echo $$ >pid; printf 'no equals sign\\n\\n'; exec sleep 1000",
	    "echo $$ >pid; printf 'Bad=x\\n\\n'; exec sleep 1000",
	    "echo $$ >pid; head -c 2000000 /dev/zero | tr '\\0' a; sleep 1000",
	    "echo $$ >pid; yes zz.key=x"};

	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		FILE *file;
		long pid = 0;

		is_int(launch(scripts[i]), -1, "something else than a record");
		is_int(fault.status, EX_DATAERR, "is bad input");
		file = fopen("pid", "r");
		scratch_need(file && fscanf(file, "%ld", &pid) == 1, "pid");
		fclose(file);
		ok(pid && ends((pid_t)pid), "and what said it is ended");
	}
}

static void test_input(void)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct rec input A_CLEANUP(rec_free) = {0};

	strv_list(&command, "sh", "-c", "cat");
	scratch_need(rec_add(&input, "name", "a b", &fault) == 0, "rec_add");
	rec_free(&answer);
	is_int(launch_detached(&command, NULL, &input, &answer, &status, &fault), 0, "a record");
	is_str(got("name"), "a b", "is its input");
}

/* A program is looked for from here, one with a slash from there. */
static void test_path(void)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	char *path = strdup(getenv("PATH"));
	struct buf longer A_CLEANUP(buf_free) = {0};

	scratch_need(mkdir("bin", 0755) == 0 && mkdir("there", 0755) == 0, "mkdir");
	scratch_put("bin/prog", 0755, "#!/bin/sh\necho which=bin\necho\n");
	scratch_put("there/prog", 0755, "#!/bin/sh\necho which=there\necho\n");
	buf_printf(&longer, "bin:%s", path);
	setenv("PATH", buf_str(&longer), 1);
	strv_add(&command, "prog");
	rec_free(&answer);
	is_int(launch_detached(&command, "there", NULL, &answer, &status, &fault), 0, "by PATH");
	is_str(got("which"), "bin", "as it is here");
	strv_free(&command);
	strv_add(&command, "./prog");
	rec_free(&answer);
	is_int(launch_detached(&command, "there", NULL, &answer, &status, &fault), 0, "by a path");
	is_str(got("which"), "there", "as it is there");
	setenv("PATH", path, 1);
	free(path);
}

static int launch_slow(const void *script)
{
	return launch(script) < 0 ? fault.status : status;
}

/* Who is told to end while nothing has been said yet takes all of it along. */
static void test_interrupted(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	/* nohup and a shell's background jobs ignore some, and what is ignored ends nothing */
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		signal(numbers[i], SIG_DFL);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		pid_t child;
		int ended;
		long pid = 0, below = 0;
		FILE *file = NULL;

		unlink("both");
		child = fork();
		scratch_need(child >= 0, "fork");
		if (child == 0)
			_exit(launch_slow("sleep 1000 & echo $$ $! >new; mv new both; wait"));
		for (int k = 0; k < 1000 && !file; k++) {
			file = fopen("both", "r");
			usleep(10000);
		}
		scratch_need(file && fscanf(file, "%ld %ld", &pid, &below) == 2, "both");
		fclose(file);
		kill(child, numbers[i]);
		scratch_need(waitpid(child, &ended, 0) == child, "waitpid");
		ok(WIFSIGNALED(ended) && WTERMSIG(ended) == numbers[i], "signal %d ends us",
		    numbers[i]);
		ok(ends((pid_t)pid), "and what we have started");
		ok(ends((pid_t)below), "with all of it");
	}
}

int main(void)
{
	char dir[PATH_MAX];
	int before;

	scratch_enter(dir);
	before = scratch_open_count();
	test_answer();
	test_signals();
	test_failing();
	test_garbage();
	test_input();
	test_path();
	test_interrupted();
	rec_free(&answer);
	is_int(scratch_open_count(), before, "no descriptor is left");
	scratch_leave(dir);
	return tap_end();
}
