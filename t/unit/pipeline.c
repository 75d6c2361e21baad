#include "core/pipeline.h"

#include "core/fd.h"
#include "core/proc.h"

#include "scratch.h"
#include "tap.h"

#include <signal.h>

static struct fault fault;

/* A stage of /bin/sh with this script. */
static void add_script(struct pipeline *p, const char *script)
{
	strv_list(pipeline_stage(p), "/bin/sh", "-c", script);
}

/* A pipeline of these scripts. */
static void fill(struct pipeline *p, const char *const *scripts)
{
	while (*scripts)
		add_script(p, *scripts++);
}

#define FILL(p, ...) fill(p, (const char *const[]){__VA_ARGS__, NULL})

/* The status, or -1 with the fault; what was printed is in *out. */
static int run(const struct pipeline *p, int in, struct buf *out)
{
	int status = -2;

	memset(&fault, 0, sizeof fault);
	return pipeline_run(p, in, out, &status, &fault) < 0 ? -1 : status;
}

static void test_stages(void)
{
	struct pipeline p = {0};
	struct strv *stage, *first = pipeline_stage(&p);
	bool fresh = first && !first->count;

	for (int i = 1; i < PIPELINE_MAX; i++) {
		stage = pipeline_stage(&p);
		fresh = fresh && stage && !stage->count && stage != first;
	}
	ok(fresh, "stages are new and empty, up to the maximum");
	ok(!pipeline_stage(&p), "there is none beyond");
	is_int((long long)p.count, PIPELINE_MAX, "and the count stays");
	strv_add(first, "x");
	pipeline_free(&p);
	pipeline_free(&p);
	is_int((long long)p.count, 0, "freed twice, it is empty");
	stage = pipeline_stage(&p);
	ok(stage && !stage->count, "a new stage keeps nothing of an old one");
	pipeline_free(&p);
}

static void test_run(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};
	int in = scratch_input("input\n", 6), before = scratch_open_count();

	FILL(&p, "sed s/^/1/", "sed s/^/2/", "sed s/^/3/");
	buf_adds(&out, "before:");
	is_int(run(&p, in, &out), 0, "three stages succeed");
	is_str(buf_str(&out), "before:321input\n", "each reads what the one before it wrote");
	buf_clear(&out);
	is_int(run(&p, -1, &out), 0, "without an input");
	is_str(buf_str(&out), "", "the first reads nothing");
	is_int(scratch_open_count(), before, "no descriptor is left");
	ok(fcntl(in, F_GETFD) >= 0, "the input stays the caller's");
	close(in);
}

static void test_one(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	add_script(&p, "printf 'a\\0b'");
	is_int(run(&p, -1, &out), 0, "a single stage");
	ok(out.length == 3 && !memcmp(buf_str(&out), "a\0b", 4), "is read byte for byte");
}

static void test_longest(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	for (int i = 0; i < PIPELINE_MAX; i++)
		add_script(&p, "echo x; cat");
	is_int(run(&p, -1, &out), 0, "as many stages as there may be");
	is_int((long long)out.length, 2 * PIPELINE_MAX, "have all run");
}

/* More than a pipe holds, and readers that don't care. */
static void test_much(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	FILL(&p, "head -c 3000000 /dev/zero", "cat", "cat");
	is_int(run(&p, -1, &out), 0, "a lot goes through");
	is_int((long long)out.length, 3000000, "all of it");
	buf_clear(&out);
	pipeline_free(&p);
	FILL(&p, "head -c 3000000 /dev/zero", "echo done");
	is_int(run(&p, -1, &out), 0, "a stage needn't read");
	is_str(buf_str(&out), "done\n", "and its writer doesn't fail of it");
	buf_free(&out);
	out.max = 100;
	pipeline_free(&p);
	FILL(&p, "head -c 3000 /dev/zero");
	is_int(run(&p, -1, &out), -1, "more than the buffer's maximum");
	is_int(fault.status, EX_DATAERR, "is a fault of the data");
}

static void test_failing(void)
{
	static const struct {
		const char *scripts[4];
		int status;
	} cases[] = {
	    {{"exit 3", "cat; touch started", NULL}, 3},
	    {{"echo x; exit 4", "cat; touch started", NULL}, 4},
	    {{"echo x", "cat; exit 5", "touch started", NULL}, 5},
	    {{"echo x", "cat", "echo lost; exit 6", NULL}, 6},
	    {{"exit 7", "touch started; exit 8", "touch started; exit 9", NULL}, 7},
	    {{"kill -KILL $$", "touch started", NULL}, 128 + SIGKILL},
	    {{"echo x", "kill -TERM $$", "touch started", NULL}, 128 + SIGTERM},
	};
	int before = scratch_open_count();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pipeline p A_CLEANUP(pipeline_free) = {0};
		struct buf out A_CLEANUP(buf_free) = {0};

		fill(&p, cases[i].scripts);
		buf_adds(&out, "kept");
		is_int(
		    run(&p, -1, &out), cases[i].status, "failure %zu: the first one's status", i);
		is_str(buf_str(&out), "kept", "nothing is appended");
		ok(access("started", F_OK) < 0, "no later stage was started");
		unlink("started");
	}
	is_int(scratch_open_count(), before, "no descriptor is left");
}

static void test_not_started(void)
{
	static const struct {
		const char *program;
		int status;
	} cases[] = {{"mirari-no-such-program", EXIT_NOT_FOUND}, {"./plain", EXIT_CANNOT_EXEC}};

	if (!scratch_spawn_tells())
		return;
	scratch_put("plain", 0644, "#!/bin/sh\n");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pipeline p A_CLEANUP(pipeline_free) = {0};
		struct buf out A_CLEANUP(buf_free) = {0};
		int before = scratch_open_count();

		add_script(&p, "touch first; echo x");
		strv_add(pipeline_stage(&p), cases[i].program);
		add_script(&p, "touch started");
		is_int(run(&p, -1, &out), -1, "%s can't be started", cases[i].program);
		is_int(fault.status, cases[i].status, "the fault says why");
		ok(strstr(fault.text, cases[i].program) != NULL, "and what: %s", fault.text);
		ok(access("first", F_OK) == 0 && unlink("first") == 0,
		    "the stage before it has run");
		ok(access("started", F_OK) < 0, "the one behind it has not");
		is_int((long long)out.length, 0, "nothing is appended");
		is_int(scratch_open_count(), before, "no descriptor is left");
	}
}

static void test_status(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	int status = -2;

	is_int(pipeline_run(&p, -1, NULL, &status, &fault), 0, "no stages do nothing");
	is_int(status, 0, "and have a status of 0");
	if (!scratch_spawn_tells())
		return;
	status = -2;
	strv_add(pipeline_stage(&p), "mirari-no-such-program");
	is_int(pipeline_run(&p, -1, NULL, &status, &fault), -1, "a stage that can't be started");
	is_int(status, 0, "has no status");
}

static int run_to_stdout(const void *p)
{
	close(STDOUT_FILENO);
	if (open("printed", O_WRONLY | O_CREAT | O_TRUNC, 0600) != STDOUT_FILENO)
		return 100;
	return run(p, -1, NULL);
}

static void test_stdout(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	FILL(&p, "echo text", "sed s/^/the-/");
	is_int(scratch_child(run_to_stdout, &p), 0, "without a buffer");
	is_int(file_read("printed", EX_NOINPUT, &out, &fault), 0, "the last stage writes");
	is_str(buf_str(&out), "the-text\n", "to standard output, and only that one");
	pipeline_free(&p);
	FILL(&p, "echo text; exit 2", "cat");
	is_int(scratch_child(run_to_stdout, &p), 2, "a failure there");
	buf_clear(&out);
	is_int(file_read("printed", EX_NOINPUT, &out, &fault), 0, "leaves standard output");
	is_int((long long)out.length, 0, "without a byte");
}

static void test_show(void)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0}, out A_CLEANUP(buf_free) = {0},
			shown A_CLEANUP(buf_free) = {0};
	struct strv shell A_CLEANUP(strv_free) = {0};
	int status = -1;

	pipeline_show(&p, &text);
	is_str(buf_str(&text), "", "no stages are no text");
	buf_adds(&text, "$ ");
	strv_list(pipeline_stage(&p), "mirari-parse", "a b.yml");
	pipeline_show(&p, &text);
	is_str(buf_str(&text), "$ mirari-parse 'a b.yml'", "one stage is its command, appended");
	strv_list(pipeline_stage(&p), "mirari-gen", "--set", "x=it's");
	strv_list(pipeline_stage(&p), "mirari-tap", "up");
	buf_clear(&text);
	pipeline_show(&p, &text);
	is_str(buf_str(&text),
	    "mirari-parse 'a b.yml' | mirari-gen --set 'x=it'\\''s' | mirari-tap up",
	    "more are joined as a shell's pipeline");
	pipeline_free(&p);
	buf_clear(&text);
	strv_list(pipeline_stage(&p), "printf", "%s\n", "it's", "$(id) | \"x\"", "", "b\\");
	strv_list(pipeline_stage(&p), "sed", "s/^/> /");
	strv_list(pipeline_stage(&p), "tr", "a-m", "A-M");
	is_int(run(&p, -1, &out), 0, "a pipeline runs");
	pipeline_show(&p, &text);
	strv_list(&shell, "/bin/sh", "-c", buf_str(&text));
	is_int(proc_capture(&shell, NULL, &shown, &status, &fault), 0, "pasted into a shell");
	is_int(status, 0, "it runs, too");
	is_str(buf_str(&shown), buf_str(&out), "and does the same");
	ok(strchr(buf_str(&out), '|') != NULL, "as it should");
}

int main(void)
{
	char dir[PATH_MAX];

	setenv("LC_ALL", "C", 1);
	/* a directory that we may not search would turn "not found" into "not permitted" */
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	scratch_enter(dir);
	test_stages();
	test_run();
	test_one();
	test_longest();
	test_much();
	test_failing();
	test_not_started();
	test_status();
	test_stdout();
	test_show();
	scratch_leave(dir);
	return tap_end();
}
