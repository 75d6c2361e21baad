/*
 * A tap that a tender is about to attach to by its name, looked at first: what the tender says of
 * one that isn't there or isn't ours helps nobody. One question to the kernel (rtnetlink(7),
 * RTM_GETLINK, and linux/if_link.h), since /sys may be another network namespace's, and attaching
 * for a test would make the guest's link go up and down.
 */
#ifndef MIRARI_HOST_TAPCHECK_H
#define MIRARI_HOST_TAPCHECK_H

#include "core/attr.h"
#include "core/fault.h"

struct tapcheck {
	unsigned mtu; /* bytes; 0: not known */
	char mac[18]; /* the guest's, when mirari-tap has made the tap; else "" */
};

/* EX_DATAERR: there is no such interface; EX_CANTCREAT: it is no tap; EX_NOPERM: it is somebody
 * else's; EX_TEMPFAIL: in use, or down. `device` is the unikernel's name for it. */
int tapcheck(
    const char *tap, const char *device, struct tapcheck *into, struct fault *fault) A_MUST_CHECK;

/* Only what is known of it, for who needs no tap yet; nothing when it isn't there. */
void tapcheck_look(const char *tap, struct tapcheck *into);

#endif
