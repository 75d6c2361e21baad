/*
 * What this process may do, and how it gives that up: capabilities(7), by capget(2), capset(2) and
 * prctl(2) as <linux/capability.h>, <linux/securebits.h> and <linux/prctl.h> describe them.
 *
 * A tool that runs somebody's program first becomes that user (caps_become), then drops what is
 * left (caps_drop_all): the other way round it may no longer change users. Both are for good.
 */
#ifndef MIRARI_HOST_CAPS_H
#define MIRARI_HOST_CAPS_H

#include "core/attr.h"
#include "core/fault.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/types.h>

/* Is the capability (CAP_NET_ADMIN, …) effective? False when that can't be seen. */
bool caps_have(int cap);

/* How we may change the network of the namespace that we are in. */
enum caps_standing {
	CAPS_NOTHING, /* not at all, as an ordinary user; root without CAP_NET_ADMIN, too */
	CAPS_GIVEN, /* a user with CAP_NET_ADMIN: from a file capability or a set-user-ID bit, or in
		       a user namespace where it is nobody's root (host/rootless.h) */
	CAPS_ROOT   /* root of our user namespace, which may be a container's */
};
enum caps_standing caps_standing(void);

/* Lends a capability that is permitted to the programs that we start (ambient), or takes it back.
 * As root nothing is to be done: those have it anyway. Should: be in force for one program of ours
 * only. Mustn't: be so when a program of the user's is started. */
int caps_lend(int cap, bool lend, struct fault *fault) A_MUST_CHECK;

/* Gives up all capabilities. The effective, permitted, inheritable and ambient sets are empty then.
 * With CAP_SETPCAP the bounding set is, too, and securebits have NOROOT, locked: exec gives uid 0
 * nothing back, nor do set-user-ID programs and file capabilities. Without CAP_SETPCAP the bounding
 * set stays as it is for all users, which for uid 0 is a fault (EX_NOPERM): its next exec would
 * bring everything back.
 *
 * no_new_privs is not set. What we give up is ours; the program may be a shell or make, from which
 * somebody runs sudo or ping, and those get their rights from the machine's files, not from us.
 *
 * All is read back; whatever isn't as it should be is a fault, and nothing may be run then. */
int caps_drop_all(struct fault *fault) A_MUST_CHECK;

/* Becomes the user for good: real, effective and saved ids, the groups that the user is in (only
 * `gid` for a number without a name). Who is that user already keeps groups that may not be set. A
 * uid other than 0 has no capability afterwards. As that user already, without a capability,
 * nothing is done. EX_NOPERM when we may not; all is read back. The environment (HOME, USER) is as
 * before. */
int caps_become(uid_t uid, gid_t gid, struct fault *fault) A_MUST_CHECK;

/* Who has started us: when we are root, the user that came here by sudo (SUDO_UID and SUDO_GID),
 * pkexec (PKEXEC_UID) or doas (DOAS_USER); else whom our real ids say. When we aren't, these
 * variables mean nothing. One that makes no sense is a fault (EX_USAGE), not root. */
int caps_invoker(uid_t *uid, gid_t *gid, struct fault *fault) A_MUST_CHECK;

#endif
