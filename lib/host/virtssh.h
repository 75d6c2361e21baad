/*
 * libvirt's connection to another machine over our own one by ssh (host/sshlink.h), so that what a
 * record says of that (deploy, ssh.config) holds for it, too: libvirt's own xen+ssh:// takes no
 * configuration.
 *
 * libvirt connects to a socket here whose other end is virt-ssh-helper(1) over there, which comes
 * with libvirtd since 6.8 and is what libvirt itself would run. Nothing is forwarded: not every
 * sshd does that. The socket has no name any more when libvirt connects to it; it is reached by
 * /proc/self/fd (O_PATH, open(2)), and so nothing can be left of it.
 */
#ifndef MIRARI_HOST_VIRTSSH_H
#define MIRARI_HOST_VIRTSSH_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/proc.h"
#include "host/sshlink.h"

#include <stdbool.h>

struct virtssh {
	struct buf place;  /* ssh://…, a VALUE_DEPLOY; empty: none of this */
	struct buf config; /* for ssh -F; may be empty */

	struct sshlink link; /* open once virtssh_offer has been called */

	/* the module's own */
	bool linked;
	int socket; /* what libvirt connects to; 0: none */
	struct child carrier;
	int said; /* by the carrier; 0: none */
};

/* Ends all of it, and may be called again. */
void virtssh_free(struct virtssh *s);

/* Connects, unless that is so, and waits for libvirt in another process. Appends the URI that
 * libvirt is to open in place of `uri` (DRIVER:///PATH), once. EX_UNAVAILABLE, EX_NOPERM … as
 * sshlink_open has them. */
int virtssh_offer(
    struct virtssh *s, const char *uri, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* libvirt has opened it, or failed to. */
void virtssh_taken(struct virtssh *s);

/* Why libvirt couldn't: EX_UNAVAILABLE or EX_NOPERM by what was said there; 0 when nothing was. */
int virtssh_explain(struct virtssh *s, struct fault *fault) A_MUST_CHECK;

/* Ends libvirt's connection, and leaves ours. May be called twice. */
void virtssh_hang_up(struct virtssh *s);

#endif
