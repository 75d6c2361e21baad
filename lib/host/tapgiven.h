/* A tap that is there already, for a program of mirari-tap exec: used as it is, which needs no
 * right but that of its owner; a part of host/taps.h. */
#ifndef MIRARI_HOST_TAPGIVEN_H
#define MIRARI_HOST_TAPGIVEN_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/taps.h"

/* Takes over what the tap was made with: its mark, and the guest's MAC address unless the device
 * has one of its own. EX_CANTCREAT, with what is different, when it isn't what the device asks
 * for. */
int tap_use(struct tap *tap, struct fault *fault) A_MUST_CHECK;

#endif
