#include "host/cgroup.h"

#include "core/fd.h"
#include "host/cgroupfile.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>

/* ---- which group is ours: made-up /proc files ---------------------------------------------------
 */

static char top[PATH_MAX];

static const struct cgroup_world world = {"self", "mounts"};

static void put_world(const char *self, const char *mounts)
{
	scratch_put("self", 0644, self);
	scratch_put("mounts", 0644, mounts);
}

static void owns(const char *self, const char *mounts, const char *want)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault fault = {0};

	put_world(self, mounts);
	if (want) {
		is_int(cgroup_own(&world, &path, &fault), 0, "own group");
		is_str(buf_str(&path), want, "is %s", want);
		return;
	}
	is_int(cgroup_own(&world, &path, &fault), -1, "no group of version 2 can be seen");
	is_int(fault.status, EX_UNAVAILABLE, "is 69");
	ok(*fault.hint, "with advice");
}

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_ROOT "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static void test_own(void)
{
	owns("0::/user.slice/a.scope\n", MOUNT_ROOT MOUNT_V2, "/sys/fs/cgroup/user.slice/a.scope");
	owns("0::/\n", MOUNT_ROOT MOUNT_V2, "/sys/fs/cgroup");
	owns("4:memory:/x\n1:name=systemd:/y\n0::/z\n",
	    "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	    "32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
	    "/sys/fs/cgroup/unified/z");
	owns("0::/a b\n", "30 23 0:26 / /mnt/c\\040d\\134e rw - cgroup2 none rw\n",
	    "/mnt/c d\\e/a b");
	/* a part of the tree is mounted, as in a container without a cgroup namespace */
	owns("0::/box/7/job\n", "30 23 0:26 /box/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	    "/sys/fs/cgroup/job");
	owns("0::/box/7\n", "30 23 0:26 /box/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	    "/sys/fs/cgroup");
	owns("0::/box/77\n",
	    "30 23 0:26 /box/7 /a rw - cgroup2 cgroup2 rw\n30 23 0:26 /box/77 /b rw - cgroup2 "
	    "cgroup2 rw\n",
	    "/b");
	/* who was moved aside divides the group above */
	owns("0::/a.scope/" CGROUP_BESIDE "\n", MOUNT_V2, "/sys/fs/cgroup/a.scope");
	owns(
	    "0::/a.scope/x" CGROUP_BESIDE "\n", MOUNT_V2, "/sys/fs/cgroup/a.scope/x" CGROUP_BESIDE);
	owns("4:memory:/x\n", MOUNT_V2, NULL);
	owns("0::/a\n", MOUNT_ROOT, NULL);
	owns("0::/a\n", "", NULL);
	owns("", MOUNT_V2, NULL);
	owns("0::/../a\n", MOUNT_V2, NULL);
	owns("0::/other\n", "30 23 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL);
	owns("0::/a\n", "30 23\n - cgroup2 \n30 23 0:26 - cgroup2 x\n", NULL);
}

/* ---- which files get what: a made-up tree, where each is there before ---------------------------
 */

static const char *read_back(const char *name)
{
	static char text[4096];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	fd_close(&fd);
	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? NULL : text;
}

static void put_tree(const char *controllers)
{
	char mounts[PATH_MAX + 100];

	snprintf(mounts, sizeof mounts, "30 23 0:26 / %s/tree rw - cgroup2 none rw\n", top);
	put_world("0::/job\n", mounts);
	scratch_put("tree/job/cgroup.controllers", 0644, controllers);
	unlink("tree/job/cgroup.subtree_control"); /* not_ours leaves one to be read only */
	scratch_put("tree/job/cgroup.subtree_control", 0644, "");
	scratch_put("tree/job/cgroup.procs", 0644, "");
}

static void refused(const struct limits *limits, const char *word)
{
	struct cgroup group = CGROUP_NONE;
	struct fault fault = {0};

	is_int(cgroup_make(&group, &world, "x", limits, &fault), -1, "a limit can't be had");
	is_int(fault.status, EX_UNAVAILABLE, "which is 69");
	ok(strstr(fault.text, word) && strstr(fault.text, "/tree/job"), "%s is what is missing: %s",
	    word, fault.text);
	ok(strstr(fault.hint, "Delegate=yes"), "with a command: %s", fault.hint);
	is_int(group.dir, -1, "and there is no group");
	is_int(access("tree/job/mirari-x", F_OK), -1, "nor its directory");
	cgroup_close(&group);
}

/* As somebody who may write nowhere here. */
static int not_ours(const void *data)
{
	struct cgroup group = CGROUP_NONE;
	struct fault fault = {0};

	if (geteuid() == 0 ? setgid(65534) < 0 || setuid(65534) < 0
			   : chmod("tree/job/cgroup.subtree_control", 0444) < 0)
		return 2;
	if (cgroup_make(&group, &world, "x", data, &fault) == 0 || group.dir >= 0)
		return 3;
	return fault.status == EX_UNAVAILABLE && strstr(fault.text, "not delegated") &&
		       strstr(fault.text, "cgroup.subtree_control") &&
		       strstr(fault.hint, "--user --scope")
		   ? 0
		   : 4;
}

static void test_missing(void)
{
	const struct limits memory = {.memory = 1 << 20}, cpus = {.cpus = 500};
	const struct limits cpuset = {.cpuset = "0"};
	struct cgroup group = CGROUP_NONE;
	struct fault fault;

	put_tree("pids memory_x cpuset\n");
	refused(&memory, "'memory'");
	refused(&cpus, "'cpu'");
	put_tree("\n");
	refused(&memory, "cgroup.controllers: none");
	is_str(read_back("tree/job/cgroup.subtree_control"), "", "no controller was enabled");
	is_int(cgroup_make(&group, &world, "x", &cpuset, &fault), 0, "cpuset can do without");
	ok(group.dir < 0 && !group.cpuset, "there is no group then");
	put_tree("memory cpu\n");
	is_int(scratch_child(not_ours, &memory), 0, "a group that isn't ours is told as such");
}

/* In files of a usual file system nothing is enabled by writing, so what was written can be seen;
 * the group can't be made anew, so its directory is put in place behind cgroup_make's back. */
static int limit(const void *data)
{
	const struct limits *limits = data;
	struct cgroup group = CGROUP_NONE;
	struct fault fault;

	return cgroup_make(&group, &world, "x", limits, &fault) == 0 ? 0 : fault.status;
}

static void test_enable(void)
{
	const struct limits both = {.memory = 64 << 20, .cpus = 1500};
	const struct limits one = {.memory = 64 << 20};

	put_tree("cpuset cpu io memory pids\n");
	is_int(scratch_child(limit, &one), EX_UNAVAILABLE, "without the files of a group: 69");
	is_str(
	    read_back("tree/job/cgroup.subtree_control"), "+memory", "what is needed is enabled");
	is_int(access("tree/job/mirari-x", F_OK), -1, "the directory is removed again");
	put_tree("cpuset cpu io memory pids\n");
	scratch_put("tree/job/cgroup.subtree_control", 0644, "cpu memory\n");
	is_int(scratch_child(limit, &both), EX_UNAVAILABLE, "the same");
	is_str(read_back("tree/job/cgroup.subtree_control"), "cpu memory\n",
	    "what is enabled isn't written again");
}

/* ---- groups of the kernel's ---------------------------------------------------------------------
 */

/* Where version 2 is mounted, if we may make groups there. */
static bool real_top(struct buf *path)
{
	struct fault fault;
	struct buf probe A_CLEANUP(buf_free) = {0};

	if (cgroup_own(&cgroup_world, path, &fault) < 0)
		return false;
	buf_printf(&probe, "%s/mirari-unit.%d", buf_str(path), (int)getpid());
	if (mkdir(buf_str(&probe), 0755) < 0)
		return false;
	buf_clear(path);
	buf_adds(path, buf_str(&probe));
	return true;
}

static pid_t start_in(int dir, int depth)
{
	int ready[2];
	char byte;
	pid_t pid;

	scratch_need(pipe(ready) == 0, "pipe");
	pid = fork();
	scratch_need(pid >= 0, "fork");
	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		if (cgroupfile_write(dir, "cgroup.procs", "0") < 0)
			_exit(1);
		for (int i = 0; i < depth; i++)
			if (fork() == 0)
				setsid();
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	scratch_need(read(ready[0], &byte, 1) == 1, "a process in the group");
	close(ready[0]);
	return pid;
}

static size_t count_in(int dir)
{
	struct buf pids A_CLEANUP(buf_free) = {0};
	size_t count = 0;

	if (cgroupfile_read(dir, "cgroup.procs", &pids) < 0)
		return 0;
	for (size_t i = 0; i < pids.length; i++)
		count += pids.bytes[i] == '\n';
	return count;
}

static void await_count(int dir, size_t want)
{
	for (int i = 0; i < 1000 && count_in(dir) != want; i++)
		poll(NULL, 0, 5);
	is_int((long long)count_in(dir), (long long)want, "%zu processes in the group", want);
}

static void test_real(const char *path)
{
	struct cgroup group = CGROUP_NONE;
	struct buf below A_CLEANUP(buf_free) = {0};
	int deep;
	pid_t one, two;

	buf_printf(&group.path, "%s", path);
	group.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_printf(&below, "%s/a", path);
	scratch_need(mkdir(buf_str(&below), 0755) == 0, buf_str(&below));
	deep = open(buf_str(&below), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	one = start_in(group.dir, 3);
	await_count(group.dir, 8);
	cgroup_kill(&group);
	scratch_need(waitpid(one, NULL, 0) == one, "waitpid");
	await_count(group.dir, 0);
	one = start_in(group.dir, 0);
	two = start_in(deep, 2);
	await_count(deep, 4);
	fd_close(&deep);
	cgroup_remove(&group);
	is_int(access(path, F_OK), -1, "removed, with the group in it");
	scratch_need(waitpid(one, NULL, 0) == one && waitpid(two, NULL, 0) == two, "waitpid");
	is_int(group.dir, -1, "and closed");
	cgroup_remove(&group);
	cgroup_kill(&group);
	is_int(cgroup_enter(&group), 0, "no group is entered without a fault");
	is_int((long long)cgroup_oom_kills(&group), 0, "nor has it events");
}

static void test_words(void)
{
	ok(cgroupfile_has_word("cpuset cpu io\n", "cpu"), "cpu is there");
	ok(cgroupfile_has_word("cpu\n", "cpu") && cgroupfile_has_word("io cpu", "cpu"), "anywhere");
	ok(!cgroupfile_has_word("cpuset io\n", "cpu") && !cgroupfile_has_word("", "cpu") &&
		!cgroupfile_has_word("\n", "cpu") && !cgroupfile_has_word("xcpu", "cpu"),
	    "cpuset isn't it");
}

int main(void)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	int before = scratch_open_count();

	scratch_enter(top);
	scratch_need(mkdir("tree", 0755) == 0 && mkdir("tree/job", 0755) == 0, "mkdir");
	test_own();
	test_words();
	test_missing();
	test_enable();
	if (real_top(&path))
		test_real(buf_str(&path));
	else
		tap_skip("groups of the kernel", "no control group of version 2 that is ours");
	scratch_leave(top);
	is_int(scratch_open_count(), before, "no descriptor is left");
	return tap_end();
}
