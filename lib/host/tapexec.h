/*
 * mirari-tap exec: devices for one program, which we become. They vanish with it: the taps because
 * nobody has them open any more, all else by a keeper (host/keeper.h).
 */
#ifndef MIRARI_HOST_TAPEXEC_H
#define MIRARI_HOST_TAPEXEC_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "model/netdev.h"
#include "model/netgiven.h"

#include <stdbool.h>
#include <sys/types.h>

struct tapexec {
	struct netdevs *devices;    /* borrowed */
	const struct strv *command; /* borrowed */
	bool rootless;              /* in a network of its own: host/rootless.h */
	bool compat_2013;           /* over a socket instead: host/compat2013.h */
	bool limited;               /* host/taps.h */
	uid_t uid;                  /* whom the program runs as */
	gid_t gid;
	int (*complain)(const struct fault *fault); /* for what fails once the program runs */
};

/* Completes the record that the devices are read from: with settings, then with what options say of
 * one device: `device`, or if that is NULL the record's first, else "service"; and with what can be
 * left out: the name (the program's), and without root the host's address and DHCP. */
int tapexec_describe(const struct tapexec *e, const struct netgiven *given, const char *device,
    const struct strv *settings, struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Returns only with a fault, and nothing is left then. EX_USAGE when there is no device. */
int tapexec(struct tapexec *e, struct fault *fault);

#endif
