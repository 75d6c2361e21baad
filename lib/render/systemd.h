/*
 * A service of systemd that runs a unikernel, as text: systemd.service(5), systemd.exec(5),
 * systemd.resource-control(5), systemd.kill(5). Every line is understood by systemd 252.
 *
 * The unit is closed to all that the command doesn't need. Whose facts these are:
 *
 *  - Solo5's tenders, hvt and spt, ask personality(2) and install a filter by seccomp(2): there is
 *    no LockPersonality=, and seccomp is allowed by name. spt makes the guest's memory executable.
 *  - mirari-tap exec makes taps as root and gives up all capabilities itself, for which it needs
 *    CAP_SETPCAP; its DHCP needs CAP_NET_RAW. It looks at other processes in /proc.
 *  - Its keeper (host/keeper.h) cleans up once the program has ended, and outlives SIGTERM for
 *    that. KillMode=mixed would kill it in the moment in which it begins; so that with a network of
 *    the host's the mode is control-group: what is left gets TimeoutStopSec= to end in. In a
 *    network of its own nothing is to be cleaned up, and the way out should stay until the
 *    program has ended: mixed.
 *  - The manager of a user can neither drop capabilities nor limit devices.
 */
#ifndef MIRARI_RENDER_SYSTEMD_H
#define MIRARI_RENDER_SYSTEMD_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "model/restart.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	/* Without exponential waits, which systemd has from 254 on. */
	SYSTEMD_WAIT_SECONDS = 2,
	SYSTEMD_STOP_SECONDS = 10,
	SYSTEMD_WITH_STEPS = 254
};

/* Whom the program runs as. */
struct systemd_user {
	uint32_t uid, gid;
};

/* All pointers are borrowed. */
struct systemd_unit {
	const char *name, *target;      /* of the unikernel; target is one of targets[] */
	const struct strv *command;     /* its first word is an absolute path */
	const struct strv *clean_up;    /* run when it has ended, whatever with: `mirari-tap gc -q`
					   with an absolute path; NULL: nothing */
	const struct strv *environment; /* NAME=VALUE; NULL: systemd's own */
	const char *dir;                /* to run in, absolute */
	struct restart restart;
	uint64_t memory_max;             /* bytes; 0: no limit */
	unsigned cpus_percent;           /* of one processor; 0: no limit */
	const char *cpuset;              /* 0-3,5; NULL: no limit */
	bool network;                    /* the command is mirari-tap exec */
	bool nat;                        /* which translates addresses or publishes ports */
	bool rootless;                   /* for `systemctl --user`; the network is one of its own */
	bool kvm;                        /* it opens /dev/kvm */
	bool jit;                        /* it writes code and runs it: QEMU without KVM */
	const struct systemd_user *user; /* NULL: root. Not with rootless */
	const struct strv *writable; /* absolute paths that it writes to and that are there: files,
					directories, block devices; NULL: none */
	unsigned version;            /* of the systemd that it is for; 0: any */
};

/* Appends the unit. EX_DATAERR: something can't be said in a unit file. Equal units give equal
 * bytes. */
int systemd_render(
    const struct systemd_unit *u, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
