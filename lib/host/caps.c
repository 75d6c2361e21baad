#include "host/caps.h"

#include "core/buf.h"
#include "core/num.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SETS = _LINUX_CAPABILITY_U32S_3, ENTRY_MAX = 1 << 20 };

struct sets {
	struct __user_cap_data_struct half[SETS]; /* capabilities 0 to 31, and from 32 */
};

static int sets_get(struct sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	memset(sets, 0, sizeof *sets);
	return (int)syscall(SYS_capget, &header, sets->half);
}

static int sets_put(const struct sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return (int)syscall(SYS_capset, &header, sets->half);
}

bool caps_have(int cap)
{
	struct sets sets;

	if (cap < 0 || cap >= 32 * SETS || sets_get(&sets) < 0)
		return false;
	return sets.half[cap / 32].effective >> (cap % 32) & 1;
}

enum caps_standing caps_standing(void)
{
	if (!caps_have(CAP_NET_ADMIN))
		return CAPS_NOTHING;
	return geteuid() == 0 && getuid() == 0 ? CAPS_ROOT : CAPS_GIVEN;
}

int caps_lend(int cap, bool lend, struct fault *fault)
{
	unsigned bit = CAP_TO_MASK(cap);
	struct sets sets;

	if (geteuid() == 0)
		return 0;
	if (sets_get(&sets) < 0)
		return fault_errno(fault, 0, errno, "read the capabilities");
	/* taking it out of the inheritable set takes it out of the ambient one, too */
	if (lend)
		sets.half[cap / 32].inheritable |= bit;
	else
		sets.half[cap / 32].inheritable &= ~bit;
	if (sets_put(&sets) < 0 ||
	    (lend && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0))
		return fault_errno(fault, 0, errno, "lend capability %d to a program", cap);
	return 0;
}

static bool sets_are_empty(const struct sets *sets)
{
	for (int i = 0; i < SETS; i++)
		if (sets->half[i].effective | sets->half[i].permitted | sets->half[i].inheritable)
			return false;
	return true;
}

/* The first capability in the bounding set, or -1. The kernel's last is where it refuses to say. */
static int first_bounding(void)
{
	int has;

	for (int cap = 0; (has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) >= 0; cap++)
		if (has)
			return cap;
	return -1;
}

/* Should: use CAP_SETPCAP if it is permitted, though not effective.
 * Mustn't: gain anything that wasn't permitted. */
static bool raise_setpcap(void)
{
	struct sets sets;

	if (sets_get(&sets) < 0)
		return false;
	sets.half[CAP_SETPCAP / 32].effective |=
	    sets.half[CAP_SETPCAP / 32].permitted & CAP_TO_MASK(CAP_SETPCAP);
	return sets_put(&sets) == 0 && caps_have(CAP_SETPCAP);
}

/* Should: leave nothing that an exec, as root or of a file with rights, could give back.
 * Mustn't: run without CAP_SETPCAP, or leave NOROOT open to be taken back.
 *
 * SECBIT_NO_SETUID_FIXUP isn't needed: without it a change to uid 0 makes the permitted set
 * effective, which is empty. */
static int close_exec(struct fault *fault)
{
	const int noroot = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
	int bits;

	for (int cap = first_bounding(); cap >= 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
	     cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return fault_errno(
			    fault, 0, errno, "take capability %d out of the bounding set", cap);
	if (first_bounding() >= 0)
		return fault_set(fault, EX_OSERR, "the bounding set was emptied, but isn't empty");
	bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	if (bits < 0 ||
	    ((bits & noroot) != noroot && prctl(PR_SET_SECUREBITS, bits | noroot, 0, 0, 0) < 0))
		return fault_errno(fault, 0, errno, "set securebits");
	bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	if (bits < 0 || (bits & noroot) != noroot)
		return fault_set(fault, EX_OSERR, "securebits were set, but aren't");
	return 0;
}

static bool is_root_somehow(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) < 0 || !real || !effective || !saved;
}

/* Should: leave the effective, permitted, inheritable and ambient sets empty, and prove it.
 * Mustn't: take a call's word for it. */
static int empty_sets(struct fault *fault)
{
	struct sets sets = {0};

	/* kernels before 4.3 have no ambient set */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return fault_errno(fault, 0, errno, "clear the ambient capabilities");
	if (sets_put(&sets) < 0)
		return fault_errno(fault, 0, errno, "give up capabilities");
	if (sets_get(&sets) < 0)
		return fault_errno(fault, 0, errno, "read capabilities back");
	if (!sets_are_empty(&sets))
		return fault_set(fault, EX_OSERR, "capabilities were given up, but are there");
	for (int cap = 0; cap < 32 * SETS; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0)
			return fault_set(fault, EX_OSERR, "capability %d is still ambient", cap);
	return 0;
}

int caps_drop_all(struct fault *fault)
{
	if (raise_setpcap()) {
		if (close_exec(fault) < 0)
			return -1;
	} else if (is_root_somehow() && first_bounding() >= 0) {
		fault_set(fault, EX_NOPERM,
		    "root without CAP_SETPCAP can't give up its capabilities: exec brings them "
		    "back");
		return fault_hint(fault, "run it as another user");
	}
	return empty_sets(fault);
}

/* ---- users ---- */

/* The entry of /etc/passwd, or of what stands for it; its strings are in `strings`. `uid` is looked
 * up when `name` is NULL. 1: found; 0: there is none; -1 with errno. */
static int find_user(const char *name, uid_t uid, struct passwd *entry, struct buf *strings)
{
	for (size_t room = 4096; room <= ENTRY_MAX; room *= 4) {
		struct passwd *found = NULL;
		char *bytes = buf_reserve(strings, room);
		int error;

		if (!bytes)
			break;
		error = name ? getpwnam_r(name, entry, bytes, room, &found)
			     : getpwuid_r(uid, entry, bytes, room, &found);
		if (error == ERANGE || error == EINTR)
			continue;
		/* for these the manual page says: not found */
		if (error && error != ENOENT && error != ESRCH && error != EBADF &&
		    error != EPERM) {
			errno = error;
			return -1;
		}
		return found != NULL;
	}
	errno = ERANGE;
	return -1;
}

static bool are_ids(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];

	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	       u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid &&
	       g[2] == gid;
}

static int not_allowed(uid_t uid, const char *step, struct fault *fault)
{
	int error = errno;

	fault_errno(fault, 0, error, "become user %u: %s", (unsigned)uid, step);
	if (error == EINVAL)
		return fault_hint(fault,
		    "the id doesn't exist in this user namespace; unset SUDO_UID, PKEXEC_UID and "
		    "DOAS_USER to stay root");
	return -1;
}

/* Should: have the groups of the user, and no other. Who is that user already has them, which
 * matters where they can't be set: by a file capability without CAP_SETGID, or in a user namespace
 * that denies setgroups.
 * Mustn't: come after the uid has changed, when it would be refused; keep one of root's groups. */
static int take_groups(uid_t uid, gid_t gid, struct fault *fault)
{
	struct buf strings A_CLEANUP(buf_free) = {0};
	struct passwd entry;
	int found = find_user(NULL, uid, &entry, &strings);

	if (found < 0)
		return fault_errno(fault, 0, errno, "look up user %u", (unsigned)uid);
	if ((found ? initgroups(entry.pw_name, gid) : setgroups(1, &gid)) == 0 ||
	    (errno == EPERM && are_ids(uid, gid)))
		return 0;
	return not_allowed(uid, found ? "initgroups" : "setgroups", fault);
}

int caps_become(uid_t uid, gid_t gid, struct fault *fault)
{
	struct sets sets;

	if (uid == (uid_t)-1 || gid == (gid_t)-1) /* "don't change" to the calls below */
		return fault_set(fault, EX_USAGE, "there is no user or group of that number");
	if (sets_get(&sets) < 0)
		return fault_errno(fault, 0, errno, "read capabilities");
	if (are_ids(uid, gid) && sets_are_empty(&sets))
		return 0;

	/* Should: groups, then gid, then uid: each step needs what the last one gives up.
	 * Mustn't: leave a saved id to go back to. */
	if (take_groups(uid, gid, fault) < 0)
		return -1;
	if (setresgid(gid, gid, gid) < 0)
		return not_allowed(uid, "setresgid", fault);
	if (setresuid(uid, uid, uid) < 0)
		return not_allowed(uid, "setresuid", fault);
	if (!are_ids(uid, gid))
		return fault_set(fault, EX_OSERR, "the ids of user %u were set, but aren't there",
		    (unsigned)uid);
	/* the kernel takes capabilities away only from one who was root */
	return uid == 0 ? 0 : empty_sets(fault);
}

/* An id, never (uid_t)-1, which means "none". */
static int parse_id(const char *name, const char *text, unsigned *id, struct fault *fault)
{
	uint64_t number;

	if (!text || num_parse(text, 0, UINT32_MAX - 1, &number) != NUM_OK)
		return fault_set(
		    fault, EX_USAGE, "%s: '%s' is no user or group number", name, text ? text : "");
	*id = (unsigned)number;
	return 0;
}

/* The user of a name or (NULL) number that the variable has. */
static int known_user(const char *variable, const char *name, uid_t number, uid_t *uid, gid_t *gid,
    struct fault *fault)
{
	struct buf strings A_CLEANUP(buf_free) = {0};
	struct passwd entry;
	int found = find_user(name, number, &entry, &strings);

	if (found < 0)
		return fault_errno(fault, 0, errno, "look up the user of %s", variable);
	if (!found)
		return fault_set(
		    fault, EX_USAGE, "%s=%s: there is no such user", variable, getenv(variable));
	*uid = entry.pw_uid;
	*gid = entry.pw_gid;
	return 0;
}

/* Should: name the person behind sudo and its like.
 * Mustn't: believe the environment of anybody but root, or take nonsense for root. */
int caps_invoker(uid_t *uid, gid_t *gid, struct fault *fault)
{
	const char *sudo = getenv("SUDO_UID"), *pkexec = getenv("PKEXEC_UID"),
		   *doas = getenv("DOAS_USER");

	*uid = getuid();
	*gid = getgid();
	if (*uid != 0 || geteuid() != 0)
		return 0;
	if (sudo)
		return parse_id("SUDO_UID", sudo, uid, fault) < 0
			   ? -1
			   : parse_id("SUDO_GID", getenv("SUDO_GID"), gid, fault);
	if (pkexec)
		return parse_id("PKEXEC_UID", pkexec, uid, fault) < 0
			   ? -1
			   : known_user("PKEXEC_UID", NULL, *uid, uid, gid, fault);
	if (doas)
		return known_user("DOAS_USER", doas, 0, uid, gid, fault);
	return 0;
}
