#include "host/instance.h"

#include "core/fd.h"
#include "host/processes.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { TAKERS = 50, REWRITES = 2000, NOBODY = 65534 };

static char top[PATH_MAX];
static struct fault fault;

/* ---- helpers ------------------------------------------------------------------------------------
 */

static void open_store(struct instances *s)
{
	setenv("XDG_STATE_HOME", top, 1);
	scratch_need(instances_open(s, true, &fault) == 0, fault.text);
}

/* A record from lines. */
static void fill(struct rec *record, const char *const *fields)
{
	for (; fields[0]; fields += 2)
		scratch_need(rec_add(record, fields[0], fields[1], &fault) == 0, fault.text);
}

#define record_of(record, ...) fill((record), (const char *const[]){__VA_ARGS__, NULL})

static int take(const struct instances *s, const char *name, const char *status, pid_t pid)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	record_of(&record, "instance.name", name, "instance.status", status);
	return instance_take(s, &record, procid_of(pid), &fault);
}

static int update(const struct instances *s, const char *name, const char *status)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	record_of(&record, "instance.name", name, "instance.status", status);
	return instance_update(s, &record, &fault);
}

/* What the file says, as text for a record of one's own making. */
static void put_record(const struct instances *s, const char *name, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/%s.instance", buf_str(&s->path), name);
	scratch_put(path, 0600, text);
}

static int status_of(const struct instances *s, const char *name)
{
	struct instance i A_CLEANUP(instance_free) = {0};

	return instance_read(s, name, &i, &fault) > 0 ? (int)i.status : -1;
}

static bool exists(const char *dir, const char *file)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%.3000s/%.300s", dir, file);
	return lstat(path, &st) == 0;
}

static void clear(struct instances *s)
{
	struct strv names A_CLEANUP(strv_free) = {0};

	scratch_need(instance_names(s, &names, &fault) == 0, fault.text);
	for (size_t i = 0; i < names.count; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof file, "%s.instance", names.items[i]);
		unlinkat(s->dir, file, 0);
	}
}

/* A process that waits to be killed. */
static pid_t sleeper(void)
{
	pid_t child = fork();

	scratch_need(child >= 0, "fork");
	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	scratch_need(waitpid(child, NULL, 0) == child, "waitpid");
}

/* ---- the directory ------------------------------------------------------------------------------
 */

static void where_is(
    const char *xdg, const char *home, uid_t user, const char *path, const char *logs)
{
	struct instances s = {.dir = -1};
	const char *saved = getenv("HOME");
	const uid_t real = getuid();
	char *kept = saved ? strdup(saved) : NULL;

	xdg ? setenv("XDG_STATE_HOME", xdg, 1) : unsetenv("XDG_STATE_HOME");
	home ? setenv("HOME", home, 1) : unsetenv("HOME");
	if (setresuid(user, user, real) == 0) {
		(void)!instances_open(&s, false, &fault);
		is_str(buf_str(&s.path), path, "XDG_STATE_HOME=%s HOME=%s", xdg ? xdg : "(none)",
		    home ? home : "(none)");
		is_str(buf_str(&s.logs), logs, "and its logs");
	} else {
		tap_skip("the directory of another user", "not root");
	}
	scratch_need(setresuid(real, real, real) == 0, "setresuid");
	instances_close(&s);
	kept ? setenv("HOME", kept, 1) : unsetenv("HOME");
	free(kept);
}

static void test_where(void)
{
	uid_t user = getuid() ? getuid() : NOBODY;

	where_is("/a/b", "/h", user, "/a/b/mirari", "/a/b/mirari");
	where_is("/a/b", "/h", 0, "/a/b/mirari", "/a/b/mirari");
	where_is(NULL, "/h", 0, "/run/mirari", "/var/log/mirari");
	where_is("", "/h", 0, "/run/mirari", "/var/log/mirari");
	where_is("b", "/h", 0, "/run/mirari", "/var/log/mirari");
	where_is(NULL, "/h", user, "/h/.local/state/mirari", "/h/.local/state/mirari");
	where_is("./b", "/h", user, "/h/.local/state/mirari", "/h/.local/state/mirari");
}

/* What instances_open says of XDG_STATE_HOME=top/NAME. */
static int open_at(const char *name, bool make, bool *there)
{
	struct instances s = {.dir = -1};
	char path[PATH_MAX];
	int result;

	snprintf(path, sizeof path, "%.3000s/%s", top, name);
	setenv("XDG_STATE_HOME", path, 1);
	fault = (struct fault){0};
	result = instances_open(&s, make, &fault);
	if (there)
		*there = s.dir >= 0;
	instances_close(&s);
	return result;
}

static void test_directory(void)
{
	struct stat st;
	bool there;

	is_int(open_at("none/such", false, &there), 0, "one that isn't there is no fault");
	ok(!there && !exists(top, "none"), "and isn't made by looking");
	umask(0);
	is_int(open_at("none/such", true, &there), 0, "it is made, with those above it");
	umask(022);
	ok(there && stat("none/such/mirari", &st) == 0 && (st.st_mode & 07777) == 0700,
	    "for its user alone");
	is_int(open_at("none/such", false, &there), 0, "and is there from then on");
	ok(there, "to be opened");

	for (mode_t mode = 0770; mode; mode = mode == 0770 ? 0707 : mode == 0707 ? 01777 : 0) {
		scratch_need(chmod("none/such/mirari", mode) == 0, "chmod");
		is_int(open_at("none/such", true, NULL), -1, "%o is refused", (unsigned)mode);
		is_int(fault.status, EX_NOPERM, "as not permitted");
		ok(strstr(fault.text, "none/such/mirari: others may write") != NULL, "by its path");
		ok(strstr(fault.hint, "chmod 700") != NULL, "with what to do");
	}
	scratch_need(chmod("none/such/mirari", 0755) == 0, "chmod");
	is_int(open_at("none/such", true, NULL), 0, "others may look");

	scratch_need(
	    mkdir("linked", 0700) == 0 && symlink("../none/such/mirari", "linked/mirari") == 0,
	    "symlink");
	is_int(open_at("linked", true, NULL), -1, "a link is refused");
	ok(fault.status == EX_NOPERM && strstr(fault.text, "is a link"), "as one");
	scratch_need(mkdir("file", 0700) == 0, "mkdir");
	scratch_put("file/mirari", 0600, "");
	is_int(open_at("file", true, NULL), -1, "a file is refused");
	ok(strstr(fault.text, "file/mirari: Not a directory") != NULL, "as one");
	is_int(open_at("file", false, NULL), -1, "also for looking");
}

static int open_as_nobody(const void *make)
{
	if (setuid(NOBODY) < 0)
		return 100;
	return open_at("root", *(const bool *)make, NULL) < 0 ? fault.status : 0;
}

static void test_owner(void)
{
	const bool no = false, yes = true;

	if (getuid()) {
		tap_skip("directories of others", "not root");
		return;
	}
	scratch_need(chmod(top, 0755) == 0 && mkdir("root", 0755) == 0, "mkdir");
	is_int(scratch_child(open_as_nobody, &yes), EX_NOPERM, "who can't make it is told so");
	is_int(open_at("root", true, NULL), 0, "root makes it");
	scratch_need(chmod("root/mirari", 0755) == 0, "chmod");
	is_int(scratch_child(open_as_nobody, &no), EX_NOPERM, "another user's is refused");
	scratch_need(chown("root/mirari", NOBODY, NOBODY) == 0, "chown");
	is_int(open_at("root", false, NULL), -1, "also to root");
	ok(fault.status == EX_NOPERM && strstr(fault.text, "belongs to user 65534"), "with whose");
}

/* ---- names --------------------------------------------------------------------------------------
 */

static void test_bad_names(struct instances *s)
{
	static const char *const bad[] = {"", ".", "..", ".a", "-a", "a/b", "../a", "/a", "a b",
	    "a\nb", "a\x1b", "\xc3\xa9", "+a", "_a",
	    "0123456789012345678901234567890123456789012345678901234567890123x"};

	scratch_put("secret.instance", 0600, "instance.name=../secret\ninstance.status=exited\n\n");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct instance got;

		is_int(instance_check_name(bad[i], &fault), -1, "name %zu is none", i);
		is_int(instance_read(s, bad[i], &got, &fault), 0, "there is none of that name");
		is_int(instance_find(s, bad[i], &got, &fault), -1, "as instance_find says");
		is_int(fault.status, EXIT_NO, "the answer is no");
		if (!rec_value_problem(bad[i]))
			is_int(take(s, bad[i], "running", getpid()), -1, "it can't be taken");
		is_int(instance_remove(s, bad[i], false, &fault), -1, "nor removed");
	}
	ok(exists(top, "secret.instance"), "nothing outside of the directory was touched");
}

static void test_names(struct instances *s)
{
	static const char *const files[] = {"lock", ".new", ".a.instance", "-a.instance",
	    ".instance", "a.log", "a.log.1", "a.console", "a.instance~", "a b.instance"};
	struct strv names A_CLEANUP(strv_free) = {0};
	struct instances none = {.dir = -1};
	char path[PATH_MAX];

	clear(s);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof path, "%.3000s/%s", buf_str(&s->path), files[i]);
		scratch_put(path, 0600, "");
	}
	is_int(take(s, "b", "exited", getpid()), 0, "b");
	is_int(take(s, "a.instance", "exited", getpid()), 0, "a.instance");
	is_int(take(s, "B", "exited", getpid()), 0, "B");
	is_int(instance_names(s, &names, &fault), 0, "their names");
	is_int((long long)names.count, 3, "are three");
	is_str(names.count == 3 ? names.items[0] : "", "B", "in order");
	is_str(names.count == 3 ? names.items[1] : "", "a.instance", "whatever they are called");
	is_str(names.count == 3 ? names.items[2] : "", "b", "to the last");
	is_int(instance_names(&none, &names, &fault), 0, "where nothing is, are none");
	is_int((long long)names.count, 3, "and none is added");
}

/* However instances are called, removing one touches no file of another. */
static void test_sharing(struct instances *s)
{
	static const char *const names[] = {"a", "a.log", "a.log.1", "a.console", "a.instance",
	    "a.instance.instance", "a.log.instance", "a.log.log", "lock", "new", "a.log.log.1"};
	static const char *const suffixes[] = {
	    ".instance", ".log", ".log.1", ".log.23", ".console"};
	const char *dir = buf_str(&s->path);
	char file[PATH_MAX];

	clear(s);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		is_int(take(s, names[i], "exited", getpid()), 0, "%s", names[i]);
		for (size_t k = 1; k < COUNT_OF(suffixes); k++) {
			snprintf(file, sizeof file, "%.3000s/%s%s", dir, names[i], suffixes[k]);
			scratch_put(file, 0600, names[i]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		int left = 0, wrong = 0;

		is_int(instance_remove(s, names[i], i % 2, &fault), 0, "removed %s", names[i]);
		for (size_t j = 0; j < COUNT_OF(names); j++)
			for (size_t k = 0; k < COUNT_OF(suffixes); k++) {
				bool is_log = k > 0 && k < 4;
				bool stays = j > i || (j % 2 && is_log);

				snprintf(file, sizeof file, "%s%s", names[j], suffixes[k]);
				left += exists(dir, file);
				wrong += exists(dir, file) != stays;
			}
		is_int(wrong, 0, "only its own files went (%d are there)", left);
	}
}

/* ---- taking and changing ------------------------------------------------------------------------
 */

static void test_take(struct instances *s)
{
	struct instance i A_CLEANUP(instance_free) = {0};
	struct buf self A_CLEANUP(buf_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	pid_t other = sleeper();
	struct stat st;

	clear(s);
	procid_text(procid_of(getpid()), &self);
	record_of(&record, "instance.name", "www", "instance.status", "running", "arg", " a=b ",
	    "arg", "", "zz.unknown", "\xff", "instance.process", buf_str(&self));
	is_int(instance_take(s, &record, procid_of(getpid()), &fault), 0, "taken");
	is_int(instance_find(s, "www", &i, &fault), 0, "and found");
	is_str(i.name, "www", "by its name");
	is_int(i.status, INSTANCE_RUNNING, "running");
	ok(i.settled, "as it is written");
	is_str(rec_get(&i.record, "instance.boot"), s->boot, "with the boot");
	is_str(rec_get(&i.record, "instance.supervisor"), buf_str(&self), "and its supervisor");
	is_int(i.process.pid, getpid(), "and the process");
	is_int(i.supervisor.pid, getpid(), "both to be used");
	is_int((long long)i.record.count, 8, "and whatever else was given");
	ok(fstatat(s->dir, "www.instance", &st, 0) == 0 && (st.st_mode & 07777) == 0600,
	    "for its user alone");

	is_int(take(s, "www", "running", other), -1, "nobody else gets that name");
	is_int(fault.status, EX_TEMPFAIL, "for now");
	ok(strstr(fault.text, "www: is running, as process ") != NULL, "since it is running");
	is_str(fault.hint, "mirari stop www", "with what to do");
	is_int(update(s, "www", "stopping"), 0, "who has it may change it");
	is_int(status_of(s, "www"), INSTANCE_STOPPING, "to another status");
	is_int(update(s, "www", "exited"), 0, "to the end");
	is_int(take(s, "www", "running", other), 0, "then it is free");
	instance_free(&i);
	is_int(instance_find(s, "www", &i, &fault), 0, "for another");
	is_int(i.supervisor.pid, other, "whose it is now");
	is_int(
	    instance_update(s, &record, &fault), 0, "a record that names no supervisor keeps it");
	is_int(instance_set(&record, "instance.supervisor", buf_str(&self), &fault), 0, "set");
	is_int(instance_update(s, &record, &fault), -1, "who had it before may change nothing");
	is_int(fault.status, EX_TEMPFAIL, "any more");
	finish(other);
	is_int(status_of(s, "www"), INSTANCE_LOST, "whose supervisor is gone is lost");
	is_int(take(s, "www", "running", getpid()), -1, "but while the program runs");
	ok(strstr(fault.text, "its supervisor is gone, but process"), "that is said");
	is_str(fault.hint, "mirari gc", "with what to do");
	is_int(instance_remove(s, "www", false, &fault), -1, "nor is it forgotten");
	is_int(fault.status, EX_TEMPFAIL, "by removing it");
}

static const struct instances *store;

static int take_over(const void *name)
{
	return take(store, name, "running", getpid()) < 0 ? fault.status : 0;
}

static void test_take_over(struct instances *s)
{
	pid_t other = sleeper();

	clear(s);
	store = s;
	is_int(take(s, "a", "starting", getpid()), 0, "who starts it writes it down");
	is_int(status_of(s, "a"), INSTANCE_STARTING, "as starting");
	is_int(take(s, "b", "starting", other), 0, "so does another");
	is_int(scratch_child(take_over, "b"), EX_TEMPFAIL, "a stranger doesn't take it over");
	is_int(scratch_child(take_over, "a"), 0, "what was started takes it over");
	is_int(status_of(s, "a"), INSTANCE_LOST, "and has gone");
	is_int(take(s, "c", "running", getpid()), 0, "what runs already");
	is_int(scratch_child(take_over, "c"), EX_TEMPFAIL, "isn't taken over");
	finish(other);
	is_int(scratch_child(take_over, "b"), 0, "a start that was given up is free");
}

static void test_lost(struct instances *s)
{
	static const char *const lives[] = {"starting", "running", "waiting", "stopping"};
	struct procid self = procid_of(getpid());
	struct instance i A_CLEANUP(instance_free) = {0};
	char text[1024];

	for (size_t k = 0; k < COUNT_OF(lives); k++) {
		clear(s);
		snprintf(text, sizeof text,
		    "instance.name=r\ninstance.status=%s\ninstance.boot=%s\n"
		    "instance.supervisor=%d.%llu\n\n",
		    lives[k], s->boot, getpid(), (unsigned long long)self.started + 1);
		put_record(s, "r", text);
		is_int(status_of(s, "r"), INSTANCE_LOST, "%s: the number is another's", lives[k]);
		snprintf(text, sizeof text,
		    "instance.name=r\ninstance.status=%s\ninstance.boot=other\n"
		    "instance.supervisor=%d.%llu\ninstance.process=%d.%llu\n\n",
		    lives[k], getpid(), (unsigned long long)self.started, getpid(),
		    (unsigned long long)self.started);
		put_record(s, "r", text);
		instance_free(&i);
		is_int(instance_read(s, "r", &i, &fault), 1, "of another boot");
		is_int(i.status, INSTANCE_LOST, "%s: was before the machine went down", lives[k]);
		ok(!i.process.pid && !i.supervisor.pid && !i.settled, "and has no process");
		is_int(take(s, "r", "running", getpid()), 0, "it can be taken");
		clear(s);
		snprintf(text, sizeof text, "instance.name=r\ninstance.status=%s\n\n", lives[k]);
		put_record(s, "r", text);
		is_int(status_of(s, "r"), INSTANCE_LOST, "%s: without a supervisor", lives[k]);
	}
	put_record(s, "r", "instance.name=r\ninstance.status=failed\n\n");
	is_int(status_of(s, "r"), INSTANCE_FAILED, "one that has ended needs none");
}

/* A process that was looked at a moment ago isn't looked for again, and one that is newer is. */
static void test_seen(struct instances *s)
{
	struct processes seen A_CLEANUP(processes_free) = {0};
	pid_t other;

	clear(s);
	scratch_need(processes_read(&seen, &fault) == 0, fault.text);
	other = sleeper();
	s->seen = &seen;
	is_int(take(s, "old", "running", getpid()), 0, "one that was seen");
	is_int(take(s, "new", "running", other), 0, "and one that wasn't");
	is_int(status_of(s, "old"), INSTANCE_RUNNING, "is running");
	is_int(status_of(s, "new"), INSTANCE_RUNNING, "so is the other");
	finish(other);
	is_int(status_of(s, "new"), INSTANCE_LOST, "until it ends");
	s->seen = NULL;
}

static void test_settle(struct instances *s)
{
	struct instance i A_CLEANUP(instance_free) = {0}, now A_CLEANUP(instance_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	char path[PATH_MAX];
	pid_t other = sleeper();

	clear(s);
	record_of(&record, "instance.name", "l", "instance.status", "running", "instance.pid", "5",
	    "instance.process", "5.5", "instance.next", "x", "name", "kept");
	is_int(instance_take(s, &record, procid_of(other), &fault), 0, "taken");
	snprintf(path, sizeof path, "%.3000s/l.console", buf_str(&s->path));
	scratch_put(path, 0600, "");
	is_int(instance_find(s, "l", &i, &fault), 0, "found");
	is_int(instance_settle(s, &i, INSTANCE_LOST, &fault), 0, "one that is live");
	is_int(status_of(s, "l"), INSTANCE_RUNNING, "isn't settled");
	finish(other);
	is_int(instance_settle(s, &i, INSTANCE_STOPPED, &fault), 0, "one that is lost");
	is_int(instance_find(s, "l", &now, &fault), 0, "is");
	is_int(now.status, INSTANCE_STOPPED, "as we say");
	ok(rec_get(&now.record, "instance.ended") != NULL, "with when");
	ok(!rec_get(&now.record, "instance.pid") && !rec_get(&now.record, "instance.process") &&
		!rec_get(&now.record, "instance.supervisor") &&
		!rec_get(&now.record, "instance.next"),
	    "without processes");
	is_str(rec_get(&now.record, "name"), "kept", "and with the rest");
	ok(!exists(buf_str(&s->path), "l.console"), "its console is gone");
	is_int(instance_settle(s, &i, INSTANCE_LOST, &fault), 0, "only once");
	is_int(status_of(s, "l"), INSTANCE_STOPPED, "it is settled");
	is_int(take(s, "l", "running", getpid()), 0, "when it has been taken again");
	is_int(instance_settle(s, &i, INSTANCE_LOST, &fault), 0, "what was known of it before");
	is_int(status_of(s, "l"), INSTANCE_RUNNING, "doesn't count");
}

static void test_remove(struct instances *s)
{
	const char *dir = buf_str(&s->path);
	struct instances none = {.dir = -1};

	clear(s);
	is_int(take(s, "x", "running", getpid()), 0, "x runs");
	is_int(instance_remove(s, "x", false, &fault), -1, "it isn't removed");
	is_int(fault.status, EX_TEMPFAIL, "for now");
	is_int(update(s, "x", "failed"), 0, "x has failed");
	is_int(instance_remove(s, "x", false, &fault), 0, "it is removed");
	ok(!exists(dir, "x.instance"), "and gone");
	is_int(instance_remove(s, "x", false, &fault), -1, "a second time there is none");
	is_int(fault.status, EXIT_NO, "which is a no");
	put_record(s, "x", "garbage");
	is_int(take(s, "x", "running", getpid()), -1, "what can't be read isn't replaced");
	is_int(fault.status, EX_DATAERR, "since nobody knows what it was");
	ok(strstr(fault.hint, "mirari rm x") != NULL, "with what to do");
	is_int(instance_remove(s, "x", false, &fault), 0, "but can be removed");
	ok(!exists(dir, "x.instance"), "and is");
	is_int(instance_remove(&none, "x", false, &fault), -1, "where nothing is, is none");
	is_int(fault.status, EXIT_NO, "which is a no, too");
}

/* ---- what shouldn't be there --------------------------------------------------------------------
 */

static void refused(struct instances *s, const char *name, const char *what)
{
	struct instance got;
	int result = instance_read(s, name, &got, &fault);

	is_int(result, -1, "%s", what);
	is_int(fault.status, EX_DATAERR, "is bad input");
	if (!strstr(fault.text, "/mirari/") || !strstr(fault.text, ".instance"))
		is_str(fault.text, "", "its path should be named");
	ok(strstr(fault.hint, "mirari rm") != NULL, "and what to do");
}

static void test_hostile(struct instances *s)
{
	static const char *const texts[] = {"", "\n", "garbage\n\n", "=x\n\n",
	    "instance.name=h\ninstance.status=exited\n", "instance.name=h\ninstance.status=exited",
	    "instance.name=h\ninstance.status=exited\n\ninstance.name=h\n",
	    "instance.name=h\ninstance.status=exited\n\n\n",
	    "instance.name=other\n"
	    "instance.status=exited\n\n",
	    "instance.status=exited\n\n", "instance.name=h\n\n",
	    "instance.name=h\ninstance.status=\n\n", "instance.name=h\ninstance.status=Exited\n\n",
	    "instance.name=h\ninstance.status=running\ninstance.supervisor=1\n\n",
	    "instance.name=h\ninstance.status=running\ninstance.supervisor=-1.1\n\n",
	    "instance.name=h\ninstance.status=running\ninstance.process=0.0\n\n",
	    "instance.name=h\ninstance.status=running\ninstance.process=1.1.1\n\n",
	    "instance.name=h\r\ninstance.status=exited\r\n\r\n"};
	char path[PATH_MAX];
	int fd;

	clear(s);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		put_record(s, "h", texts[i]);
		refused(s, "h", "text");
	}
	snprintf(path, sizeof path, "%.3000s/h.instance", buf_str(&s->path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	scratch_need(fd >= 0 && ftruncate(fd, INSTANCE_MAX + 1) == 0, "ftruncate");
	refused(s, "h", "a file of more than 1 MiB");
	scratch_need(ftruncate(fd, INSTANCE_MAX) == 0, "ftruncate");
	refused(s, "h", "a file of zeros");
	close(fd);
	unlink(path);
	scratch_need(mkfifo(path, 0600) == 0, "mkfifo");
	refused(s, "h", "a pipe that nobody writes to");
	unlink(path);
	scratch_need(mkdir(path, 0700) == 0, "mkdir");
	refused(s, "h", "a directory");
	rmdir(path);
	scratch_put("elsewhere", 0600, "instance.name=h\ninstance.status=exited\n\n");
	scratch_need(symlink("../elsewhere", path) == 0, "symlink");
	refused(s, "h", "a link");
	is_int(take(s, "h", "running", getpid()), -1, "which isn't followed for writing either");
	is_int(instance_remove(s, "h", false, &fault), 0, "it can be removed");
	ok(exists(top, "elsewhere") && !exists(buf_str(&s->path), "h.instance"), "itself");
}

/* Every beginning of a record, and every bit of it turned: it is read or refused. */
static void test_damage(struct instances *s)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct instance got;
	int read = 0, wrong = 0;

	clear(s);
	buf_printf(&text,
	    "instance.name=d\ninstance.status=running\ninstance.boot=%s\n"
	    "instance.supervisor=%d.1\ninstance.process=%d.2\ninstance.restarts=3\n\n",
	    s->boot, getpid(), getpid());
	for (size_t length = 0; length < text.length; length++) {
		char *cut = strndup(buf_str(&text), length);

		put_record(s, "d", cut);
		wrong += instance_read(s, "d", &got, &fault) != -1 || fault.status != EX_DATAERR;
		free(cut);
	}
	is_int(wrong, 0, "no beginning of a record is one");
	for (size_t bit = 0; bit < 8 * text.length; bit++) {
		int result;

		text.bytes[bit / 8] = (char)(text.bytes[bit / 8] ^ 1 << bit % 8);
		put_record(s, "d", buf_str(&text));
		text.bytes[bit / 8] = (char)(text.bytes[bit / 8] ^ 1 << bit % 8);
		result = instance_read(s, "d", &got, &fault);
		if (result < 0) {
			wrong += fault.status != EX_DATAERR;
			continue;
		}
		read++;
		wrong += result != 1 || strcmp(got.name, "d") || instance_is_live(got.status);
		instance_free(&got);
	}
	is_int(wrong, 0, "one with a bit turned is read or refused (%d were read)", read);
}

static void test_unwritable(struct instances *s)
{
	struct rlimit before, none = {0};
	struct rec big A_CLEANUP(rec_free) = {0};
	char *line = malloc(60001);

	clear(s);
	is_int(take(s, "full", "running", getpid()), 0, "taken");
	scratch_need(getrlimit(RLIMIT_FSIZE, &before) == 0, "getrlimit");
	none.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	scratch_need(setrlimit(RLIMIT_FSIZE, &none) == 0, "setrlimit");
	is_int(update(s, "full", "failed"), -1, "what can't be written");
	scratch_need(setrlimit(RLIMIT_FSIZE, &before) == 0, "setrlimit");
	is_int(fault.status, EX_IOERR, "is a failure to write");
	ok(strstr(fault.text, "/mirari: write full.instance: File too large"),
	    "with where and why");
	is_int(status_of(s, "full"), INSTANCE_RUNNING, "and the record is as it was");
	ok(!exists(buf_str(&s->path), ".new"), "nothing half-written stays");

	scratch_need(line != NULL, "malloc");
	memset(line, 'x', 60000);
	line[60000] = '\0';
	record_of(&big, "instance.name", "full", "instance.status", "failed");
	for (int i = 0; i < 18; i++)
		scratch_need(rec_add(&big, "arg", line, &fault) == 0, fault.text);
	is_int(instance_update(s, &big, &fault), -1, "what couldn't be read again isn't written");
	is_int(fault.status, EX_DATAERR, "as it is too much");
	is_int(status_of(s, "full"), INSTANCE_RUNNING, "and the record is as it was");
	free(line);
}

/* ---- several at once ----------------------------------------------------------------------------
 */

static void test_lock(struct instances *s)
{
	int ready[2], byte;
	pid_t child = 0;

	clear(s);
	scratch_need(pipe(ready) == 0 && (child = fork()) >= 0, "fork");
	if (child == 0) {
		int fd = instances_lock(s, &fault);

		if (fd >= 0 && write(ready[1], "x", 1) == 1)
			usleep(300000);
		close(fd);
		pause();
		_exit(0);
	}
	scratch_need(read(ready[0], &byte, 1) == 1, "read");
	is_int(take(s, "l", "exited", getpid()), 0, "who is held up for a moment waits");
	finish(child);
	scratch_need((child = fork()) >= 0, "fork");
	if (child == 0) {
		if (instances_lock(s, &fault) >= 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	scratch_need(read(ready[0], &byte, 1) == 1, "read");
	is_int(take(s, "l", "exited", getpid()), -1, "but not for ever");
	is_int(fault.status, EX_TEMPFAIL, "it may be tried again");
	ok(strstr(fault.text, "/mirari/lock: held by another process"), "and is said");
	is_int(status_of(s, "l"), INSTANCE_EXITED, "reading needs no lock");
	finish(child);
	is_int(take(s, "l", "exited", getpid()), 0, "who is killed holds nothing");
	close(ready[0]);
	close(ready[1]);
}

/* Exactly one of those who want a name at the same time gets it, and it is theirs. */
static void test_race(struct instances *s)
{
	int go[2], done[2], stay[2];
	pid_t children[TAKERS], winner = 0;
	int won = 0, refused_well = 0;
	struct instance got A_CLEANUP(instance_free) = {0};

	clear(s);
	scratch_need(pipe(go) == 0 && pipe(done) == 0 && pipe(stay) == 0, "pipe");
	for (int i = 0; i < TAKERS; i++) {
		children[i] = fork();
		scratch_need(children[i] >= 0, "fork");
		if (children[i] == 0) {
			char byte;
			int answer[2] = {getpid(), 0};

			close(go[1]);
			close(stay[1]);
			(void)!read(go[0], &byte, 1);
			answer[1] = take(s, "race", "running", getpid()) == 0 ? 0 : fault.status;
			(void)!write(done[1], answer, sizeof answer);
			(void)!read(stay[0], &byte, 1);
			_exit(0);
		}
	}
	close(go[1]);
	for (int i = 0; i < TAKERS; i++) {
		int answer[2];

		scratch_need(read(done[0], answer, sizeof answer) == sizeof answer, "read");
		won += answer[1] == 0;
		refused_well += answer[1] == EX_TEMPFAIL;
		winner = answer[1] == 0 ? answer[0] : winner;
	}
	is_int(won, 1, "one of %d gets the name", TAKERS);
	is_int(refused_well, TAKERS - 1, "all others are told that it is taken");
	is_int(instance_find(s, "race", &got, &fault), 0, "and the record");
	is_int(got.supervisor.pid, winner, "is the winner's");
	close(stay[1]);
	for (int i = 0; i < TAKERS; i++)
		scratch_need(waitpid(children[i], NULL, 0) == children[i], "waitpid");
	close(go[0]), close(done[0]), close(done[1]), close(stay[0]);
}

static void rewrite(const struct instances *s)
{
	for (int i = 0; i < REWRITES; i++) {
		struct rec record A_CLEANUP(rec_free) = {0};

		record_of(&record, "instance.name", "w", "instance.status",
		    i % 2 ? "running" : "waiting");
		for (int k = 0; k < i % 2 * 300; k++)
			record_of(&record, "arg", "some argument that takes room");
		record_of(&record, "instance.restarts", i % 2 ? "1" : "0");
		if (instance_update(s, &record, &fault) < 0)
			_exit(1);
	}
	_exit(0);
}

static void test_rewriting(struct instances *s)
{
	int reads = 0, wrong = 0, status;
	pid_t child = 0;

	clear(s);
	is_int(take(s, "w", "starting", getpid()), 0, "taken");
	scratch_need((child = fork()) >= 0, "fork");
	if (child == 0)
		rewrite(s);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct instance got A_CLEANUP(instance_free) = {0};
		const char *restarts;

		reads++;
		if (instance_read(s, "w", &got, &fault) != 1) {
			wrong++;
			continue;
		}
		restarts = rec_get(&got.record, "instance.restarts");
		wrong += got.status != INSTANCE_STARTING &&
			 (!restarts || (*restarts == '1') != (got.status == INSTANCE_RUNNING));
	}
	is_int(status, 0, "a record was rewritten %d times", REWRITES);
	ok(reads > 10 && !wrong, "and what was read meanwhile was always whole (%d of %d wrong)",
	    wrong, reads);
}

int main(void)
{
	struct instances s;
	int before;

	scratch_enter(top);
	before = scratch_open_count();
	test_where();
	test_directory();
	test_owner();
	open_store(&s);
	test_bad_names(&s);
	test_names(&s);
	test_sharing(&s);
	test_take(&s);
	test_take_over(&s);
	test_lost(&s);
	test_seen(&s);
	test_settle(&s);
	test_remove(&s);
	test_hostile(&s);
	test_damage(&s);
	test_unwritable(&s);
	test_lock(&s);
	test_race(&s);
	test_rewriting(&s);
	instances_close(&s);
	is_int(scratch_open_count(), before, "no descriptor is left");
	scratch_leave(top);
	return tap_end();
}
