/*
 * A tap for a program that was built by Mirari 0.9.3 to 0.9.7 for unix-direct: the protocol of
 * 2013, for --compat-2013. What is built today inherits its descriptors.
 *
 * Sources: lib/mirari.ml of github.com/mirage/mirari, tag v0.9.7: the module Backend has the
 * program's side (it is what backend.ml was generated from), `run` has Mirari's; for what becomes
 * of the name, unix/lib/netif.ml of github.com/mirage/mirage-platform, tag v0.9.3; for what one
 * message may carry, lib/fd_send_recv_stubs.c of github.com/xapi-project/ocaml-fd-send-recv.
 *
 * The program listens on the stream socket /tmp/mir-PID.sock. For every connection it makes one
 * recvmsg of 11 bytes and one descriptor: ten bytes of name, filled up with blanks (which it
 * trims), and a letter: p for the pcap of a Mac, anything else for a tap; Mirari sent e. It then
 * shuts the connection down in both directions. It accepts from anybody, for ever, and never
 * removes the socket. The tap has to be one without packet information (IFF_NO_PI), and becomes
 * non-blocking.
 *
 * Mirari slept for a second and sent to whoever had that path. Here nothing is sent before it is
 * known that the socket's file is the user's, and that the process which listens is the child.
 */
#ifndef MIRARI_HOST_COMPAT2013_H
#define MIRARI_HOST_COMPAT2013_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/proc.h"

#include <sys/types.h>

enum { COMPAT2013_NAME_MAX = 10 };

/* EX_USAGE for the name of a device that can't be sent. */
int compat2013_check(const char *name, struct fault *fault) A_MUST_CHECK;

/* Hands the descriptor to the child, which runs as `uid`, as the device `name`; once for each
 * device. Waits until the child has taken it: the path may not be there yet. -1: EX_UNAVAILABLE
 * when the child has ended before, EX_TEMPFAIL when `timeout_ms` are over, EX_NOPERM when the path
 * is somebody else's, EX_USAGE when the name can't be sent. `child` is as of proc_start; only with
 * an `ended` of -1 it has to be our own child. The descriptor stays open here, too. */
int compat2013_hand_over(const struct child *child, uid_t uid, const char *name, int fd,
    unsigned timeout_ms, struct fault *fault) A_MUST_CHECK;

/* Removes the path, if it is a socket of the user's: for when all devices have been handed over.
 * Nobody else can hand one in then, and none is left that would keep a later program with the same
 * pid from starting. */
void compat2013_close(pid_t child, uid_t uid);

#endif
