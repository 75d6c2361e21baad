/*
 * One connection to another machine by OpenSSH's ssh(1), over which any number of commands are run
 * (ControlMaster, ssh_config(5)). Host keys are checked as ssh's configuration says and never
 * ignored; nothing is asked (BatchMode); no agent, display or port is forwarded. The connection
 * ends with this process, however that ends (host/sshmaster.h), and is kept if it becomes another
 * program.
 *
 * A command for the other side is an argv; it is quoted for its shell (core/shell.h), which sshd
 * always starts. There it must be a POSIX shell, and print nothing of its own.
 */
#ifndef MIRARI_HOST_SSHLINK_H
#define MIRARI_HOST_SSHLINK_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"
#include "model/sshplace.h"

#include <stdbool.h>
#include <stdint.h>

struct sshlink {
	const char *place;  /* borrowed: ssh://[USER@]HOST[:PORT], a VALUE_DEPLOY */
	const char *config; /* borrowed: a file as for ssh -F; NULL: ssh's own */
	struct sshplace at;
	struct buf dir;      /* private, of the socket */
	struct buf control;  /* the socket's path */
	struct strv command; /* ssh with its options and the destination: what goes before a remote
				command */
	struct child keeper; /* what ends it with us */
};

void sshlink_free(struct sshlink *l); /* ends the connection, and removes its socket */

/* Connects, with signals as proc_run has them. EX_UNAVAILABLE: no such host, no route, refused,
 * timed out, or the key is unknown or another; no POSIX shell, or one that prints something of its
 * own; EX_NOPERM: it doesn't let us in; each with what to do. EX_USAGE: not such a place, or a host
 * that ssh could take for something else. EXIT_NOT_FOUND: there is no ssh here. A link is zeroed
 * before, and has to be freed in any case. */
int sshlink_open(
    struct sshlink *l, const char *place, const char *config, struct fault *fault) A_MUST_CHECK;

/* Appends what runs the remote command here: for proc_start and the like. With `tty` it has a
 * terminal of its own there. */
void sshlink_command(
    const struct sshlink *l, const struct strv *remote, bool tty, struct strv *into);

/* Runs a remote command to its end, with nothing on its standard input (`in` is a descriptor, or
 * -1), and appends what it prints to `out`, its errors to `errors` (may be NULL: they are ours),
 * with signals as proc_run has them. 0 with *status; -1: the connection is gone, or takes no more
 * commands (EX_UNAVAILABLE). */
int sshlink_run(const struct sshlink *l, const struct strv *remote, int in, struct buf *out,
    struct buf *errors, int *status, struct fault *fault) A_MUST_CHECK;

/* The same, and `meanwhile` is called ten times a second. */
struct sshlink_watch {
	void (*meanwhile)(void *data);
	void *data;
	int64_t end; /* of clock_ms: then it is killed here; 0: never */
};
int sshlink_run_watched(const struct sshlink *l, const struct strv *remote, int in, struct buf *out,
    struct buf *errors, const struct sshlink_watch *watch, int *status,
    struct fault *fault) A_MUST_CHECK;

/* Why a command that sshlink_command made, and that ended with this status, has: 0 if that is the
 * remote one's own; -1 with a fault as of sshlink_run if it is ssh's. */
int sshlink_explain(const struct sshlink *l, int status, struct fault *fault) A_MUST_CHECK;

/* Is the connection still there? */
bool sshlink_alive(const struct sshlink *l);

#endif
