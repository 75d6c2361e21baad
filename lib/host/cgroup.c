#include "host/cgroup.h"

#include "core/fd.h"
#include "host/cgroupfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CPU_PERIOD = 100000 /* microseconds, the kernel's own default */, MOVES_MAX = 20 };

const struct cgroup_world cgroup_world = {"/proc/self/cgroup", "/proc/self/mountinfo"};

void cgroup_close(struct cgroup *c)
{
	fd_close(&c->procs);
	fd_close(&c->dir);
	buf_free(&c->path);
}

/* ---- a group that is ours -----------------------------------------------------------------------
 */

static int hint(struct fault *fault)
{
	return fault_hint(fault, "systemd-run %s--scope -p Delegate=yes mirari run …",
	    geteuid() == 0 ? "" : "--user ");
}

static int refused(int error, const char *what, const char *dir, struct fault *fault)
{
	fault_errno(fault, EX_UNAVAILABLE, error, "%s %s", what, dir);
	if (error != EACCES && error != EPERM && error != EROFS)
		return -1;
	fault_set(fault, EX_UNAVAILABLE,
	    "%s %s: %s: this control group isn't ours to divide (not delegated)", what, dir,
	    strerror(error));
	return hint(fault);
}

/* Is the group one that its manager has left to us? */
static bool is_delegated(int dir)
{
	static const char *const marks[] = {"user.delegate", "trusted.delegate"};
	struct stat st;
	char value[2];

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (fgetxattr(dir, marks[i], value, sizeof value) == 1 && value[0] == '1')
			return true;
	return geteuid() != 0 && fstat(dir, &st) == 0 && st.st_uid == geteuid();
}

/* Moves every process of the group into another one. False when some stay. */
static bool move_all(int from, int to)
{
	for (int i = 0; i < MOVES_MAX; i++) {
		struct buf pids A_CLEANUP(buf_free) = {.max = 1 << 20};
		char *next = NULL;

		if (cgroupfile_read(from, "cgroup.procs", &pids) < 0)
			return false;
		if (!pids.length)
			return true;
		for (char *pid = pids.bytes; (next = strchr(pid, '\n')); pid = next + 1) {
			*next = '\0';
			/* it may have ended; a new one of its is seen in the next round */
			if (cgroupfile_write(to, "cgroup.procs", pid) < 0 && errno != ESRCH)
				return false;
		}
	}
	return false;
}

/* Out of the way of the controllers. */
static int move_aside(int dir, const char *path, struct fault *fault)
{
	int beside A_CLEANUP(fd_close) = -1;

	if (!is_delegated(dir)) {
		fault_set(fault, EX_UNAVAILABLE,
		    "%s: this control group has processes, and isn't ours to move them (not "
		    "delegated)",
		    path);
		return hint(fault);
	}
	if (mkdirat(dir, CGROUP_BESIDE, 0755) < 0 && errno != EEXIST)
		return refused(errno, "make " CGROUP_BESIDE " in", path, fault);
	beside = openat(dir, CGROUP_BESIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (beside < 0 || !move_all(dir, beside))
		return refused(errno, "move processes to " CGROUP_BESIDE " in", path, fault);
	return 0;
}

/* ---- controllers --------------------------------------------------------------------------------
 */

static int enable(int dir, const char *path, const char *controller, struct fault *fault)
{
	struct buf enabled A_CLEANUP(buf_free) = {.max = 4096};
	struct buf word A_CLEANUP(buf_free) = {0};

	if (cgroupfile_read(dir, "cgroup.subtree_control", &enabled) == 0 &&
	    cgroupfile_has_word(buf_str(&enabled), controller))
		return 0;
	buf_printf(&word, "+%s", controller);
	if (cgroupfile_write(dir, "cgroup.subtree_control", buf_str(&word)) == 0)
		return 0;
	if (errno != EBUSY)
		return refused(errno, "write cgroup.subtree_control of", path, fault);
	if (move_aside(dir, path, fault) < 0)
		return -1;
	if (cgroupfile_write(dir, "cgroup.subtree_control", buf_str(&word)) < 0)
		return refused(errno, "write cgroup.subtree_control of", path, fault);
	return 0;
}

static int lacks(const char *path, const char *controller, const char *option, const char *all,
    struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE,
	    "--%s: the control group %s has no controller '%s' (cgroup.controllers: %.*s)", option,
	    path, controller, *all && *all != '\n' ? (int)strcspn(all, "\n") : 4,
	    *all && *all != '\n' ? all : "none");
	return hint(fault);
}

/* All that are needed, with cpuset where it can be had. */
static int enable_needed(
    struct cgroup *c, int dir, const char *path, const struct limits *limits, struct fault *fault)
{
	const struct {
		bool wanted;
		const char *controller, *option;
	} needed[] = {
	    {limits->memory > 0, "memory", "memory-max"}, {limits->cpus > 0, "cpu", "cpus"}};
	struct buf all A_CLEANUP(buf_free) = {.max = 4096};
	struct fault ignored;

	if (cgroupfile_read(dir, "cgroup.controllers", &all) < 0)
		return refused(errno, "read cgroup.controllers of", path, fault);
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (needed[i].wanted && !cgroupfile_has_word(buf_str(&all), needed[i].controller))
			return lacks(
			    path, needed[i].controller, needed[i].option, buf_str(&all), fault);
	for (size_t i = 0; i < COUNT_OF(needed); i++)
		if (needed[i].wanted && enable(dir, path, needed[i].controller, fault) < 0)
			return -1;
	c->cpuset = limits->cpuset && cgroupfile_has_word(buf_str(&all), "cpuset") &&
		    enable(dir, path, "cpuset", &ignored) == 0;
	return 0;
}

/* ---- the group of a program ---------------------------------------------------------------------
 */

static int set(const struct cgroup *c, const char *file, const char *value, struct fault *fault)
{
	if (cgroupfile_write(c->dir, file, value) < 0)
		return fault_errno(fault, EX_UNAVAILABLE, errno, "write %s to %s/%s", value,
		    buf_str(&c->path), file);
	return 0;
}

static int set_limits(const struct cgroup *c, const struct limits *limits, struct fault *fault)
{
	struct buf memory A_CLEANUP(buf_free) = {0}, cpu A_CLEANUP(buf_free) = {0};

	buf_printf(&memory, "%llu", (unsigned long long)limits->memory);
	buf_printf(
	    &cpu, "%llu %d", (unsigned long long)limits->cpus * (CPU_PERIOD / 1000), CPU_PERIOD);
	if (limits->memory && set(c, "memory.max", buf_str(&memory), fault) < 0)
		return -1;
	/* else it would only be the limit of what isn't swapped out; there is no such file where
	 * nothing can be */
	if (limits->memory && cgroupfile_write(c->dir, "memory.swap.max", "0") < 0 &&
	    errno != ENOENT)
		return fault_errno(fault, EX_UNAVAILABLE, errno, "write 0 to %s/memory.swap.max",
		    buf_str(&c->path));
	if (limits->cpus && set(c, "cpu.max", buf_str(&cpu), fault) < 0)
		return -1;
	return c->cpuset ? set(c, "cpuset.cpus", limits->cpuset, fault) : 0;
}

static int open_group(struct cgroup *c, struct fault *fault)
{
	c->dir = open(buf_str(&c->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir >= 0)
		c->procs = openat(c->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (c->procs < 0)
		return refused(errno, "open cgroup.procs of", buf_str(&c->path), fault);
	return 0;
}

/* The directory, empty: whoever has taken the instance's name has taken this one. */
static int make_group(
    struct cgroup *c, int above, const char *path, const char *name, struct fault *fault)
{
	struct buf own A_CLEANUP(buf_free) = {0};

	buf_printf(&own, "mirari-%s", name);
	buf_printf(&c->path, "%s/%s", path, buf_str(&own));
	if (mkdirat(above, buf_str(&own), 0755) == 0)
		return open_group(c, fault);
	if (errno != EEXIST)
		return refused(errno, "make a control group in", path, fault);
	if (!cgroupfile_remove(above, buf_str(&own)) || mkdirat(above, buf_str(&own), 0755) < 0)
		return fault_errno(fault, EX_UNAVAILABLE, errno, "make %s anew", buf_str(&c->path));
	return open_group(c, fault);
}

int cgroup_make(struct cgroup *c, const struct cgroup_world *world, const char *name,
    const struct limits *limits, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	int dir A_CLEANUP(fd_close) = -1;

	if (cgroup_own(world, &path, fault) < 0)
		return -1;
	dir = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return refused(errno, "open", buf_str(&path), fault);
	if (enable_needed(c, dir, buf_str(&path), limits, fault) < 0)
		return -1;
	if (!limits->memory && !limits->cpus && !c->cpuset)
		return 0; /* it would limit nothing */
	if (make_group(c, dir, buf_str(&path), name, fault) == 0 &&
	    set_limits(c, limits, fault) == 0)
		return 0;
	if (c->dir >= 0)
		cgroup_remove(c);
	cgroup_close(c);
	return -1;
}

int cgroup_enter(const struct cgroup *c)
{
	return c->procs < 0 || write(c->procs, "0", 1) == 1 ? 0 : -1;
}

void cgroup_kill(const struct cgroup *c)
{
	if (c->dir >= 0)
		cgroupfile_kill(c->dir);
}

uint64_t cgroup_oom_kills(const struct cgroup *c)
{
	uint64_t count;

	return c->dir >= 0 && cgroupfile_number(c->dir, "memory.events", "oom_kill ", &count)
		   ? count
		   : 0;
}

void cgroup_remove(struct cgroup *c)
{
	const char *slash = strrchr(buf_str(&c->path), '/');
	int above A_CLEANUP(fd_close) =
	    c->dir < 0 ? -1 : openat(c->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* what the kernel is still busy with stays, empty */
	bool ignored = slash && above >= 0 && cgroupfile_remove(above, slash + 1);

	(void)ignored;
	cgroup_close(c);
}
