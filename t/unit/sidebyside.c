#include "host/sidebyside.h"

#include "core/buf.h"
#include "core/fd.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>

enum { JOBS_MAX = 12 };

static struct fault fault;
static struct jobserver server = {.take = -1, .give = -1, .read = -1};
static struct job jobs[JOBS_MAX];
static char logs[JOBS_MAX][16];
static size_t count;

/* What `changed` was told: "a+" when job a has begun, "a-" when it has ended. */
static struct buf told;
static size_t running, most;
static int send_when_two; /* a signal for ourselves */

static void changed(const struct job *job, void *context)
{
	size_t runs = 0;

	buf_printf(&told, "%c%c ", (int)('a' + (job - jobs)), job->state == JOB_RUNS ? '+' : '-');
	for (size_t i = 0; i < count; i++)
		runs += jobs[i].state == JOB_RUNS;
	running = runs;
	most = runs > most ? runs : most;
	if (send_when_two && runs == 2 && job->state == JOB_RUNS)
		kill(getpid(), send_when_two);
	if (context != jobs)
		buf_adds(&told, "(other context) ");
}

/* Empty again, with a jobserver of so many. */
static void begin(unsigned number)
{
	for (size_t i = 0; i < count; i++)
		strv_free(&jobs[i].command);
	memset(jobs, 0, sizeof jobs);
	memset(&fault, 0, sizeof fault);
	buf_clear(&told);
	count = running = most = 0;
	send_when_two = 0;
	jobserver_close(&server);
	if (number)
		scratch_need(jobserver_open(&server, number, &fault) == 0, "jobserver");
}

static struct strv *add(void)
{
	snprintf(logs[count], sizeof logs[count], "%c.log", (int)('a' + count));
	jobs[count].log = logs[count];
	return &jobs[count++].command;
}

static void add_script(const char *script)
{
	strv_list(add(), "/bin/sh", "-c", script);
}

/* Runs them; the number of the signal that interrupted it, or -1 with the fault. */
static int run(void)
{
	int interrupted = -2, before = scratch_open_count(), got;

	got = sidebyside_run(jobs, count, &server, changed, jobs, &interrupted, &fault);
	is_int(scratch_open_count(), before, "no descriptor is left");
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "none is left to wait for");
	return got < 0 ? -1 : interrupted;
}

static void log_is(size_t job, const char *wanted)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (file_read(jobs[job].log, EX_NOINPUT, &text, &fault) < 0)
		buf_adds(&text, fault.text);
	is_str(buf_str(&text), wanted, "the log of job %zu", job);
}

static int tokens(void)
{
	int taken[64], n = 0;

	while (n < 64 && jobserver_take(&server, &taken[n]))
		n++;
	for (int i = 0; i < n; i++)
		jobserver_give(&server, taken[i]);
	return n;
}

static void test_none(void)
{
	begin(2);
	is_int(run(), 0, "no jobs");
	add_script("exit 1");
	jobs[0].state = JOB_ENDED;
	jobs[0].status = 65;
	is_int(run(), 0, "one that has ended before");
	is_int(jobs[0].status, 65, "keeps its status");
	is_str(buf_str(&told), "", "and is not told of");
	ok(access("a.log", F_OK) < 0, "and has no log");
}

static void test_statuses(void)
{
	static const int wanted[] = {0, 42, 255, 128 + SIGKILL, 128 + SIGTERM};

	begin(2);
	add_script("true");
	add_script("exit 42");
	add_script("exit 255");
	add_script("kill -KILL $$");
	add_script("kill -TERM $$"); /* which isn't blocked there */
	is_int(run(), 0, "five jobs, two at once");
	for (size_t i = 0; i < count; i++) {
		is_int(jobs[i].state, JOB_ENDED, "job %zu has ended", i);
		is_int(jobs[i].status, wanted[i], "with its status");
	}
	ok(most <= 2, "never more than two ran");
	is_int((long long)running, 0, "and none runs now");
	is_int(tokens(), 2, "the jobserver has all of its jobs back");
}

static void test_order(void)
{
	begin(1);
	for (int i = 0; i < 4; i++)
		add_script("[ ! -e busy ] && : >busy && sleep 0.02 && rm busy");
	is_int(run(), 0, "four jobs, one at once");
	is_str(buf_str(&told), "a+ a- b+ b- c+ c- d+ d- ", "are run in their order");
	for (size_t i = 0; i < count; i++)
		is_int(jobs[i].status, 0, "job %zu had nobody beside it", i);
}

static void test_together(void)
{
	/* each is there for the others to see; 10 s, then it gives up */
	static const char script[] = "echo $0 >>met; n=0; until [ $(wc -l <met) -ge 3 ]; do "
				     "n=$((n+1)); [ $n -lt 200 ] || exit 9; sleep 0.05; done";

	begin(3);
	for (int i = 0; i < 3; i++)
		add_script(script);
	is_int(run(), 0, "three jobs that wait for each other, three at once");
	for (size_t i = 0; i < count; i++)
		is_int(jobs[i].status, 0, "job %zu has met the others", i);
	is_int((long long)most, 3, "three ran");
}

static void test_logs(void)
{
	begin(2);
	scratch_put("a.log", 0644, "of the run before, and longer than what this one prints\n");
	add_script("echo out; echo err >&2; echo out again");
	add_script("cat; echo end");
	add_script("exit 0");
	is_int(run(), 0, "jobs that print");
	log_is(0, "out\nerr\nout again\n");
	log_is(1, "end\n"); /* nothing on its standard input, and not waited for */
	log_is(2, "");
}

static void test_not_started(void)
{
	if (!scratch_spawn_tells())
		return;
	begin(1);
	strv_list(add(), "mirari-no-such-program", "x");
	scratch_put("plain", 0644, "x");
	strv_list(add(), "./plain");
	(void)add(); /* without a word */
	add_script("echo last");
	is_int(run(), 0, "programs that aren't there");
	is_int(jobs[0].status, EXIT_NOT_FOUND, "the status says so");
	is_str(jobs[0].fault.text, "mirari-no-such-program: command not found", "and why");
	is_int(jobs[1].status, EXIT_CANNOT_EXEC, "and of one that can't be executed");
	is_str(jobs[1].fault.text, "exec ./plain: Permission denied", "and why");
	ok(jobs[2].status != 0, "and of none at all");
	is_int(jobs[3].status, 0, "the next one runs");
	is_int(jobs[3].fault.status, 0, "without a fault");
	log_is(3, "last\n");
	is_str(buf_str(&told), "a- b- c- d+ d- ", "none of the others was told to run");
	is_int(tokens(), 1, "the job is given back by each");
}

static void test_log_not_written(void)
{
	begin(1);
	scratch_need(mkdir("directory", 0755) == 0, "mkdir");
	add_script(": >ran");
	jobs[0].log = "directory";
	add_script(": >ran");
	jobs[1].log = "nowhere/b.log";
	add_script("exit 3");
	is_int(run(), 0, "logs that can't be written");
	is_int(jobs[0].status, EX_CANTCREAT, "the status says so");
	is_str(jobs[0].fault.text, "directory: Is a directory", "and why");
	is_int(jobs[1].status, EX_CANTCREAT, "where the directory is missing, too");
	is_str(jobs[1].fault.text, "nowhere/b.log: No such file or directory", "and why");
	ok(access("ran", F_OK) < 0, "they are not run");
	is_int(jobs[2].status, 3, "the next one is");
	is_int(tokens(), 1, "the job is given back by each");
}

/* A job that only another process gives back: it is waited for beside those that run. */
static void test_token_from_elsewhere(void)
{
	struct buf script A_CLEANUP(buf_free) = {0};
	int ends[2], before;

	begin(0);
	before = scratch_open_count();
	scratch_need(pipe(ends) == 0, "pipe");
	buf_printf(&script, " -j2 --jobserver-auth=%d,%d", ends[0], ends[1]);
	setenv("MAKEFLAGS", buf_str(&script), 1);
	scratch_need(jobserver_open(&server, 0, &fault) == 0, "join");
	buf_clear(&script);
	/* puts a job into the pipe, and ends once the second one runs */
	buf_printf(&script,
	    "printf + >&%d; n=0; until [ -e second ]; do n=$((n+1)); [ $n -lt 200 ] || exit 9; "
	    "sleep 0.05; done",
	    ends[1]);
	add_script(buf_str(&script));
	add_script(": >second");
	is_int(run(), 0, "two jobs, of which there is one for now");
	is_str(buf_str(&told), "a+ b+ b- a- ", "the second runs when there is another");
	is_int(jobs[0].status, 0, "beside the first");
	is_int(tokens(), 2, "it is given back");
	jobserver_close(&server);
	close(ends[0]);
	close(ends[1]);
	is_int(scratch_open_count(), before, "the pipe was that of others");
	unsetenv("MAKEFLAGS");
}

static void interrupted_by(int number)
{
	sigset_t now;

	begin(2);
	for (int i = 0; i < 2; i++)
		add_script("exec sleep 1000");
	add_script(": >third");
	send_when_two = number;
	is_int(run(), number, "signal %d while two run", number);
	for (size_t i = 0; i < 2; i++) {
		is_int(jobs[i].state, JOB_ENDED, "job %zu has ended", i);
		is_int(jobs[i].status, EXIT_SIGNALLED + number, "by the same signal");
	}
	is_int(jobs[2].state, JOB_WAITS, "the third was not begun");
	ok(access("third", F_OK) < 0, "and has done nothing");
	is_int(tokens(), 2, "the jobs are given back");
	sigprocmask(SIG_BLOCK, NULL, &now);
	is_int(sigismember(&now, number), 0, "the signal isn't blocked any more");
}

/* The last one has a handler, and no program below it that gets the signal, too. */
static void test_interrupted(void)
{
	interrupted_by(SIGTERM);
	interrupted_by(SIGINT);
	interrupted_by(SIGHUP);

	begin(2);
	add_script("trap 'echo told; exit 0' TERM; : >ready; while :; do :; done");
	add_script("until [ -e ready ]; do sleep 0.01; done; kill -TERM $PPID; exit 5");
	is_int(run(), SIGTERM, "a job that ends well when it is told to");
	is_int(jobs[0].status, 0, "has its own status");
	log_is(0, "told\n");
}

static int with_ignored(const void *data)
{
	(void)data;
	signal(SIGHUP, SIG_IGN);
	begin(2);
	add_script("exit 0");
	add_script("exit 0");
	send_when_two = SIGHUP;
	if (sidebyside_run(jobs, count, &server, changed, jobs, &(int){0}, &fault) < 0)
		return 1;
	return jobs[0].status || jobs[1].status || jobs[1].state != JOB_ENDED;
}

static void test_ignored(void)
{
	is_int(scratch_child(with_ignored, NULL), 0, "an ignored signal interrupts nothing");
}

int main(void)
{
	char path[PATH_MAX];

	scratch_enter(path);
	signal(SIGINT, SIG_DFL); /* as a shell's background job it would be ignored */
	signal(SIGHUP, SIG_DFL);
	test_none();
	test_statuses();
	test_order();
	test_together();
	test_logs();
	test_not_started();
	test_log_not_written();
	test_token_from_elsewhere();
	test_interrupted();
	test_ignored();
	begin(0);
	buf_free(&told);
	scratch_leave(path);
	return tap_end();
}
