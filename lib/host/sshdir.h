/*
 * The private directory of a connection by ssh: its socket, and what ssh says.
 *
 *     $XDG_RUNTIME_DIR, $TMPDIR or /tmp/mirari-ssh.XXXXXX/socket
 *                                                        /said
 *
 * It is the first of these that is a directory we can write to, and has a name that ssh takes: ssh
 * replaces % and ${ in it, and the path of a socket has a limit (unix(7)).
 */
#ifndef MIRARI_HOST_SSHDIR_H
#define MIRARI_HOST_SSHDIR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>

/* Makes one and appends its path. Those of ours that a killed connection has left are removed
 * first: those whose socket nobody listens at, and old ones without one. EX_CANTCREAT. */
int sshdir_make(struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Removes it with the files in it. */
void sshdir_remove(const char *path);

/* Does somebody listen at the socket? */
bool sshdir_listens(const char *socket_path);

#endif
