/*
 * Giving taps to a program: as descriptors that it inherits, by the convention of systemd's
 * sd_listen_fds(3) (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; from descriptor 3 on), or by name.
 *
 * In the words of the command, %{fd:DEVICE} is replaced by the descriptor's number, %{tap:DEVICE}
 * by the interface's name and %{%} by a per cent sign. A device that is named by %{tap:} is left to
 * the program to open; all others are inherited. What mirari-gen's backend.ml reads beside is in
 * mirari-tap(1): MIRARI_NET_MAC, MIRARI_NET_MTU, MIRARI_NET_GUEST and MIRARI_NET_GATEWAY, lists
 * with commas in the order of LISTEN_FDNAMES.
 */
#ifndef MIRARI_HOST_HANDOVER_H
#define MIRARI_HOST_HANDOVER_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/taps.h"

#include <stdbool.h>

struct handover {
	const struct strv *command; /* borrowed */
	bool *by_name;              /* owned; for each device */
	bool named;                 /* the command names any device at all */
};

void handover_free(struct handover *h);

/* Looks through the command for devices that are named there. EX_USAGE for one that isn't there, or
 * that is wanted both ways. */
int handover_plan(struct handover *h, const struct strv *command, const struct netdevs *devices,
    struct fault *fault) A_MUST_CHECK;

/* Puts the descriptors where the program expects them, sets its environment, and appends its words.
 * Descriptors of ours beyond them stay close-on-exec; what had these numbers is closed. */
int handover_prepare(const struct handover *h, struct taps *taps, struct strv *words,
    struct fault *fault) A_MUST_CHECK;

#endif
