/*
 * Networking without root: this process moves into a user namespace and a network namespace of its
 * own (user_namespaces(7), network_namespaces(7)), where it may do what root does elsewhere (taps,
 * bridges, NAT), and slirp4netns(1) is the way out of there. Nothing of it survives the process.
 *
 * What there is afterwards. The user namespace has our own uid and gid, as themselves, and no
 * other: files keep their owners, setgroups is denied, we have all capabilities in it and none
 * outside. exec takes them from a uid other than 0. The network namespace has lo, and
 * ROOTLESS_UPLINK with an address, a default route and a name server as below. The mount namespace
 * is as before, so that /sys/class/net still shows the host's interfaces; /proc/self/net and
 * /proc/sys/net are ours.
 *
 * Who does what. A monitor is forked twice, so that it's nobody's child here (of a process that is
 * init or a subreaper it is), in a session of its own, with nothing of ours open.
 *
 *     caller                monitor                            slirp4netns
 *     fork, wait
 *                           outer user namespace: root there
 *                           are the ports free?
 *                           fork ----------------------------> wait
 *                           inner user + network namespace
 *                           "go" ----------------------------> exec; uplink in the inner one
 *                                <---------------------------- "ready"
 *                           forward ports (API socket) ------>
 *                           give up all capabilities
 *       <------ "ready", a pidfd of the monitor
 *     setns to its two
 *     "entered" ----------> wait for the caller's end (pidfd)
 *                           close the exit pipe --------------> end; killed after a second
 *
 * - The caller's only change is the last step, setns, which is both namespaces or none. Any fault
 *   before or in it leaves the caller as it was, and the monitor ends with all else.
 * - Each step of the monitor's ends by the caller's end or ROOTLESS_SECONDS after the first.
 * - The caller killed at any moment: its pidfd, opened before the fork, tells. The monitor killed:
 *   the only write end of the exit pipe closes, which ends slirp4netns ("go" not yet said: that
 *   pipe closes, which ends what would have become it).
 * - The outer user namespace is for slirp4netns' own sandbox, which wants to be root: an empty
 *   file system, no capability but CAP_NET_BIND_SERVICE, which is worth nothing outside; so ports
 *   below net.ipv4.ip_unprivileged_port_start are refused even when root calls.
 * - The API socket lies in a tmpfs that is mounted nowhere (fsmount(2)), reached by descriptor
 * only. It has no name in any directory, so that nothing is left over whoever is killed.
 * - No descriptor stays open in the caller.
 *
 * What it doesn't do: IPv6; ping to the outside, but where net.ipv4.ping_group_range allows it to
 * us; UDP from the host's own 127.0.0.1 to a forwarded port, which arrives, but whose answer
 * libslirp takes for one to the host's loopback, and that is closed (--disable-host-loopback).
 * Another address of the host does.
 *
 * Why slirp4netns and not pasta: what we rest on here (--ready-fd, --exit-fd, ports by a socket
 * with an answer to each, the sandbox) is documented and the same from Debian 11's 1.0.1 on, where
 * Debian 12's pasta is a snapshot of 2023 whose options have changed since. pasta is faster, but
 * copies the host's addresses into the namespace, where bridges and DHCP answers need addresses
 * that are known beforehand.
 *
 * Needs Linux 5.9 (setns with a pidfd, close_range) and /proc.
 */
#ifndef MIRARI_HOST_ROOTLESS_H
#define MIRARI_HOST_ROOTLESS_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What slirp4netns has unless told otherwise. */
#define ROOTLESS_UPLINK "uplink0"
#define ROOTLESS_ADDRESS "10.0.2.100"
#define ROOTLESS_NETWORK "10.0.2.0"
#define ROOTLESS_GATEWAY "10.0.2.2"
#define ROOTLESS_DNS "10.0.2.3"

enum { ROOTLESS_PREFIX = 24, ROOTLESS_MTU = 1500, ROOTLESS_SECONDS = 10 };

/* What arrives at the host's port is sent on to ROOTLESS_ADDRESS, the same port. */
struct rootless_port {
	bool udp;            /* else TCP */
	const char *address; /* the host's, IPv4; NULL: all, 0.0.0.0 */
	uint16_t port;
};

struct rootless {
	const struct rootless_port *ports;
	size_t count;
	const char *instead; /* how to do without user namespaces, as a command; the hint of faults
				that only root can help with; may be NULL */
};

/* Enters; the caller must have one thread. EXIT_NOT_FOUND: there is no slirp4netns; EX_NOPERM: user
 * namespaces are forbidden here, or a port is; EX_CANTCREAT: a port can't be had; EX_USAGE: the
 * ports make no sense; EX_TEMPFAIL: it took too long. */
int rootless_enter(const struct rootless *want, struct fault *fault) A_MUST_CHECK;

/* Why there may be no user or network namespaces, from the files below `proc` ("/proc"): true with
 * the reason appended as a phrase. `error` is the errno that unshare or what follows it has given;
 * 0: nothing has been tried, and only settings that would forbid it count. */
bool rootless_obstacle(const char *proc, int error, struct buf *why);

#endif
