/*
 * Where it is kept what detached unikernels do (host/instance.h): $XDG_STATE_HOME/mirari; without
 * that variable /run/mirari for root, with the logs in /var/log/mirari, which a reboot leaves; else
 * $HOME/.local/state/mirari (XDG Base Directory Specification 0.8; as it says, a relative path
 * counts for nothing). A directory is made for its user alone (0700), and one where somebody else
 * could write isn't used: what is in it tells which processes we send signals to.
 */
#ifndef MIRARI_HOST_STATEDIR_H
#define MIRARI_HOST_STATEDIR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>

struct processes;

/* The state directory. `logs` is another one for root without XDG_STATE_HOME. */
struct instances {
	int dir;         /* open; -1: there is none yet */
	struct buf path; /* absolute */
	struct buf logs; /* absolute; of NAME.log */
	char boot[64];   /* of the machine, since when it is up: /proc/sys/kernel/random/boot_id */
	/* borrowed: processes that have just been looked at (host/processes.h), where many
	 * instances are to be read; NULL: each one's is looked at by itself */
	const struct processes *seen;
};

/* Opens it; with `make` it is made, else one that isn't there is no fault, but empty. EX_NOPERM
 * when somebody else could write there. instances_close releases it, also after a fault; what is
 * closed has a dir of -1, and may be closed again. */
int instances_open(struct instances *s, bool make, struct fault *fault) A_MUST_CHECK;
void instances_close(struct instances *s);

/* The directory of the logs, open; -1 with a fault, or without one (status 0) when it isn't there.
 */
int instances_open_logs(const struct instances *s, struct fault *fault) A_MUST_CHECK;

/* Nobody else changes anything until the descriptor that this returns is closed. EX_TEMPFAIL when
 * somebody doesn't stop doing so for LOCK_PATIENCE_MS. */
enum { LOCK_PATIENCE_MS = 5000 };
int instances_lock(const struct instances *s, struct fault *fault) A_MUST_CHECK;

#endif
