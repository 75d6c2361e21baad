/* Capabilities: what a program that is executed afterwards really has. */
#include "host/caps.h"

#include "core/fd.h"
#include "core/proc.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

enum { NOBODY = 65534, FAILED = 99 };

static struct fault fault;
static const char *self;

static bool is_root;

/* Becomes a program that shows its own state. */
static int show_status(void)
{
	execl("/bin/cat", "cat", "/proc/self/status", NULL);
	return FAILED;
}

/* What /proc/self/status of the child that `body` becomes has at "Name:", as text. */
struct state {
	struct buf text;
	int status;
};

static void state_of(struct state *state, int (*body)(const void *), const void *data)
{
	int out = memfd_create("status", MFD_CLOEXEC), keep = dup(STDOUT_FILENO);

	fflush(stdout);
	scratch_need(out >= 0 && keep >= 0 && dup2(out, STDOUT_FILENO) >= 0, "redirect");
	state->status = scratch_child(body, data);
	scratch_need(dup2(keep, STDOUT_FILENO) >= 0 && lseek(out, 0, SEEK_SET) == 0, "redirect");
	close(keep);
	buf_clear(&state->text);
	scratch_need(fd_read_all(out, "status", &state->text, &fault) == 0, "read");
	close(out);
}

static const char *field(const struct state *state, const char *name)
{
	static char value[256];
	const char *line = strstr(buf_str(&state->text), name);

	value[0] = '\0';
	if (line && sscanf(line + strlen(name), "%255[^\n]", value) < 1)
		value[0] = '\0';
	for (char *c = value; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return value;
}

static const char *const empty_sets[] = {"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapAmb:"};

static void is_powerless(const struct state *state, bool bounding, const char *who)
{
	is_int(state->status, 0, "%s: dropped and executed", who);
	for (size_t i = 0; i < COUNT_OF(empty_sets); i++)
		is_str(field(state, empty_sets[i]), " 0000000000000000", "%s: %s is empty", who,
		    empty_sets[i] + 1);
	if (bounding)
		is_str(field(state, "\nCapBnd:"), " 0000000000000000", "%s: CapBnd is empty", who);
	is_str(field(state, "\nNoNewPrivs:"), " 0", "%s: no_new_privs isn't set", who);
}

static int drop_and_show(const void *data)
{
	(void)data;
	if (caps_drop_all(&fault) < 0 || caps_have(CAP_NET_ADMIN) ||
	    caps_standing() != CAPS_NOTHING)
		return FAILED;
	return show_status();
}

/* Everything that could be handed on is, first. */
static int drop_inherited(const void *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return FAILED;
	sets[0].inheritable = sets[0].permitted;
	sets[1].inheritable = sets[1].permitted;
	if (syscall(SYS_capset, &header, sets) < 0)
		return FAILED;
	for (int cap = 0; prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0; cap++)
		;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_ADMIN, 0, 0) != 1)
		return FAILED;
	return drop_and_show(data);
}

static int drop_twice(const void *data)
{
	return caps_drop_all(&fault) < 0 ? FAILED : drop_and_show(data);
}

static int securebits_locked(const void *data)
{
	const int noroot = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;

	(void)data;
	if (caps_drop_all(&fault) < 0)
		return FAILED;
	return (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) & noroot) == noroot ? 0 : 1;
}

static int setpcap_not_effective(const void *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return FAILED;
	sets[0].effective = sets[1].effective = 0;
	if (syscall(SYS_capset, &header, sets) < 0)
		return FAILED;
	return drop_and_show(data);
}

/* A root of a container that was left without CAP_SETPCAP. */
static int root_without_setpcap(const void *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	(void)data;
	if (syscall(SYS_capget, &header, sets) < 0)
		return FAILED;
	sets[0].effective &= ~CAP_TO_MASK(CAP_SETPCAP);
	sets[0].permitted &= ~CAP_TO_MASK(CAP_SETPCAP);
	if (syscall(SYS_capset, &header, sets) < 0)
		return FAILED;
	if (caps_drop_all(&fault) == 0)
		return 1;
	return fault.status == EX_NOPERM && strstr(fault.text, "CAP_SETPCAP") && fault.hint[0] ? 0
											       : 2;
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && fd_write(fd, text, strlen(text)) < 0)
		perror(path);
	fd_close(&fd);
}

/* Into a user namespace, as that user. */
static bool enter_userns(unsigned uid_there)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char uid_map[64], gid_map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	snprintf(uid_map, sizeof uid_map, "%u %u 1", uid_there, (unsigned)uid);
	snprintf(gid_map, sizeof gid_map, "%u %u 1", uid_there, (unsigned)gid);
	put_file("/proc/self/setgroups", "deny");
	put_file("/proc/self/uid_map", uid_map);
	put_file("/proc/self/gid_map", gid_map);
	return geteuid() == uid_there;
}

static int root_of_userns(const void *data)
{
	if (!enter_userns(0))
		return 98;
	if (caps_standing() != CAPS_ROOT)
		return FAILED;
	return drop_inherited(data);
}

/* As the user that one is already. */
static int become_myself(const void *data)
{
	(void)data;
	return caps_become(getuid(), getgid(), &fault) < 0 ? 1 : drop_and_show(NULL);
}

/* setgroups is denied there. */
static int root_of_userns_again(const void *data)
{
	return enter_userns(0) ? become_myself(data) : 98;
}

static int nobody_of_userns(const void *data)
{
	if (!enter_userns(1234))
		return 98;
	if (caps_standing() != CAPS_GIVEN)
		return FAILED;
	return drop_and_show(data);
}

static void test_userns(void)
{
	struct state state = {0};

	state_of(&state, root_of_userns, NULL);
	if (state.status == 98) {
		tap_skip("a user namespace", "unshare: not permitted here");
		return;
	}
	is_powerless(&state, true, "root of a user namespace");
	is_str(field(&state, "\nUid:"), " 0 0 0 0", "which it still is");
	state_of(&state, root_of_userns_again, NULL);
	is_powerless(&state, true, "root of a user namespace, who has become root");
	state_of(&state, nobody_of_userns, NULL);
	is_powerless(&state, true, "another user of a user namespace");
	buf_free(&state.text);
}

static int plain_user(const void *data)
{
	const bool *root = data;

	if (*root && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			 setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return FAILED;
	if (caps_standing() != CAPS_NOTHING)
		return FAILED;
	return drop_and_show(data);
}

static void test_nothing_to_drop(void)
{
	struct state state = {0};

	if (!is_root && caps_standing() == CAPS_ROOT) {
		tap_skip("a user with nothing to drop", "no other user in this user namespace");
		return;
	}
	state_of(&state, plain_user, &is_root);
	is_powerless(&state, false, "a user with nothing to drop");
	buf_free(&state.text);
}

static void test_root(void)
{
	struct state state = {0};

	state_of(&state, drop_inherited, NULL);
	is_powerless(&state, true, "root");
	is_str(field(&state, "\nUid:"), " 0 0 0 0", "which it still is");
	state_of(&state, drop_twice, NULL);
	is_powerless(&state, true, "root, twice");
	state_of(&state, setpcap_not_effective, NULL);
	is_powerless(&state, true, "root with permitted capabilities only");
	is_int(scratch_child(securebits_locked, NULL), 0, "NOROOT is set, and locked");
	is_int(scratch_child(root_without_setpcap, NULL), 0,
	    "root without CAP_SETPCAP can't drop for good, and is told so");
	buf_free(&state.text);
}

/* ---- a file capability ---- */

static int run_copy(const void *data)
{
	const char *mode = data;

	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return FAILED;
	execl("./copy", "copy", mode, NULL);
	return FAILED;
}

static bool copy_self(const char *caps)
{
	struct strv cp = {0}, setcap = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status = 1, other = 1;

	unlink("copy");
	strv_list(&cp, "cp", self, "copy");
	strv_list(&setcap, "setcap", caps, "copy");
	scratch_need(proc_run(&cp, &io, &status, &fault) == 0 && status == 0, "cp");
	scratch_need(chmod("copy", 0755) == 0, "chmod");
	if (proc_run(&setcap, &io, &other, &fault) < 0)
		other = fault.status;
	strv_free(&cp);
	strv_free(&setcap);
	return other == 0;
}

static void test_file_capability(void)
{
	static const char *const what = "a file capability";
	struct state state = {0};
	struct statvfs fs;

	if (statvfs(".", &fs) < 0 || (fs.f_flag & ST_NOSUID)) {
		tap_skip(what, "the temporary directory is mounted nosuid");
		return;
	}
	if (!copy_self("cap_net_admin,cap_setpcap+ep")) {
		tap_skip(what, "setcap (libcap2-bin) can't set one here");
		return;
	}
	is_int(scratch_child(run_copy, "standing"), CAPS_GIVEN, "%s gives CAP_NET_ADMIN", what);
	state_of(&state, run_copy, "drop");
	is_powerless(&state, true, "a file capability and CAP_SETPCAP");
	scratch_need(copy_self("cap_net_admin+ep"), "setcap");
	is_int(scratch_child(run_copy, "standing"), CAPS_GIVEN, "one alone does, too");
	state_of(&state, run_copy, "drop");
	is_powerless(&state, false, what);
	ok(strcmp(field(&state, "\nCapBnd:"), " 0000000000000000") != 0,
	    "without CAP_SETPCAP the bounding set is that of all users");
	is_str(field(&state, "\nUid:"), " 65534 65534 65534 65534", "run as nobody");
	state_of(&state, run_copy, "become");
	is_powerless(&state, false, "a file capability, without CAP_SETGID, and oneself");
	is_str(field(&state, "\nGroups:"), "  ", "the groups are those that one came with");
	buf_free(&state.text);
}

/* ---- users ---- */

static int become_and_show(const void *data)
{
	const unsigned *id = data;
	gid_t groups[] = {0, 4, 27};

	if (setgroups(COUNT_OF(groups), groups) < 0)
		return FAILED;
	if (caps_become(id[0], id[1], &fault) < 0)
		return 1;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return 2;
	return caps_become(id[0], id[1], &fault) < 0 ? 3 : show_status();
}

/* The way of a tool under sudo. */
static int become_and_drop(const void *data)
{
	const unsigned *id = data;

	return caps_become(id[0], id[1], &fault) < 0 ? 1 : drop_and_show(data);
}

/* Securebits with which a change of user takes no capability away. */
static int become_without_fixup(const void *data)
{
	const unsigned *id = data;

	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return FAILED;
	if (caps_become(id[0], id[1], &fault) < 0)
		return 1;
	return caps_have(CAP_SETUID) || setresuid(0, 0, 0) == 0 ? 2 : show_status();
}

static int become_none(const void *data)
{
	(void)data;
	return caps_become((uid_t)-1, 0, &fault) < 0 && caps_become(0, (gid_t)-1, &fault) < 0 &&
		       fault.status == EX_USAGE
		   ? 0
		   : 1;
}

static int become_root_as_nobody(const void *data)
{
	(void)data;
	if (caps_become(NOBODY, NOBODY, &fault) < 0)
		return FAILED;
	return caps_become(0, 0, &fault) < 0 && fault.status == EX_NOPERM && geteuid() == NOBODY
		   ? 0
		   : 1;
}

static void test_become(void)
{
	static const unsigned nobody[] = {NOBODY, NOBODY}, nameless[] = {54321, 54322};
	struct state state = {0};

	state_of(&state, become_and_show, nobody);
	is_int(state.status, 0, "nobody is become, and stays so");
	is_str(field(&state, "\nUid:"), " 65534 65534 65534 65534", "all uids");
	is_str(field(&state, "\nGid:"), " 65534 65534 65534 65534", "all gids");
	is_str(field(&state, "\nGroups:"), " 65534 ", "none of root's groups");
	is_str(field(&state, "\nCapPrm:"), " 0000000000000000", "no capability");
	state_of(&state, become_and_show, nameless);
	is_int(state.status, 0, "a number that no user has is become");
	is_str(field(&state, "\nUid:"), " 54321 54321 54321 54321", "all uids");
	is_str(field(&state, "\nGroups:"), " 54322 ", "the group that was given");
	state_of(&state, become_and_drop, nobody);
	is_powerless(&state, false, "nobody after root");
	state_of(&state, become_without_fixup, nobody);
	is_int(state.status, 0, "securebits that would keep capabilities don't");
	is_int(scratch_child(become_none, NULL), 0, "there is no user -1");
	is_int(scratch_child(become_root_as_nobody, NULL), 0, "nobody can't become root");
	buf_free(&state.text);
}

struct invoker {
	const char *name, *value, *second; /* the variable; SUDO_GID */
	int result;
	unsigned uid, gid;
};

static void forget(void)
{
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	unsetenv("PKEXEC_UID");
	unsetenv("DOAS_USER");
}

static int invoked(const void *data)
{
	const struct invoker *i = data;
	uid_t uid = 77;
	gid_t gid = 77;
	int result;

	if (i->name)
		setenv(i->name, i->value, 1);
	if (i->second)
		setenv("SUDO_GID", i->second, 1);
	result = caps_invoker(&uid, &gid, &fault);
	if (result != i->result)
		return 1;
	if (result < 0)
		return fault.status == EX_USAGE ? 0 : 2;
	return uid == i->uid && gid == i->gid ? 0 : 3;
}

static const struct invoker invokers[] = {
    {NULL, NULL, NULL, 0, 0, 0},
    {"SUDO_UID", "1000", "1001", 0, 1000, 1001},
    {"SUDO_UID", "0", "0", 0, 0, 0},
    {"SUDO_UID", "4294967294", "4294967294", 0, 4294967294U, 4294967294U},
    {"SUDO_UID", "4294967295", "1", -1, 0, 0},
    {"SUDO_UID", "-1", "1", -1, 0, 0},
    {"SUDO_UID", "1000", NULL, -1, 0, 0},
    {"SUDO_UID", "1000", "", -1, 0, 0},
    {"SUDO_UID", "1000 ", "1000", -1, 0, 0},
    {"SUDO_UID", "0x10", "1000", -1, 0, 0},
    {"SUDO_UID", "010", "1000", -1, 0, 0},
    {"SUDO_UID", "", "1000", -1, 0, 0},
    {"SUDO_UID", "99999999999999999999", "1000", -1, 0, 0},
    {"SUDO_UID", "18446744073709551617", "1000", -1, 0, 0},
    {"PKEXEC_UID", "65534", NULL, 0, NOBODY, NOBODY},
    {"PKEXEC_UID", "54321", NULL, -1, 0, 0},
    {"PKEXEC_UID", "nobody", NULL, -1, 0, 0},
    {"DOAS_USER", "nobody", NULL, 0, NOBODY, NOBODY},
    {"DOAS_USER", "", NULL, -1, 0, 0},
    {"DOAS_USER", "no such user", NULL, -1, 0, 0},
};

static int invoked_as_nobody(const void *data)
{
	uid_t uid;
	gid_t gid;

	(void)data;
	if (caps_become(NOBODY, NOBODY, &fault) < 0)
		return FAILED;
	setenv("SUDO_UID", "0", 1);
	setenv("SUDO_GID", "0", 1);
	return caps_invoker(&uid, &gid, &fault) == 0 && uid == NOBODY && gid == NOBODY ? 0 : 1;
}

static void test_invoker(void)
{
	forget();
	for (size_t i = 0; i < COUNT_OF(invokers); i++)
		is_int(scratch_child(invoked, &invokers[i]), 0, "%s=%s SUDO_GID=%s",
		    invokers[i].name ? invokers[i].name : "nothing",
		    invokers[i].value ? invokers[i].value : "",
		    invokers[i].second ? invokers[i].second : "");
	is_int(scratch_child(invoked_as_nobody, NULL), 0, "a user's own SUDO_UID means nothing");
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], own[PATH_MAX];

	if (argc == 2 && !strcmp(argv[1], "drop"))
		return drop_and_show(NULL);
	if (argc == 2 && !strcmp(argv[1], "become"))
		return become_myself(NULL);
	if (argc == 2 && !strcmp(argv[1], "standing"))
		return (int)caps_standing();
	scratch_need(realpath("/proc/self/exe", own) != NULL, "/proc/self/exe");
	self = own;
	/* 0 that is a whole user namespace's, as only there the other ids exist */
	is_root = geteuid() == 0 && caps_have(CAP_SETPCAP) && setgroups(0, NULL) == 0;
	scratch_enter(path);
	test_userns();
	test_nothing_to_drop();
	if (is_root) {
		test_root();
		test_file_capability();
		test_become();
		test_invoker();
	} else {
		tap_skip("root, file capabilities, other users", "needs root");
	}
	scratch_leave(path);
	return tap_end();
}
