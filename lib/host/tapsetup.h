/* From what a tap is to what its device asks for, and back; a part of host/taps.h. */
#ifndef MIRARI_HOST_TAPSETUP_H
#define MIRARI_HOST_TAPSETUP_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/linkchange.h"
#include "host/taps.h"

/* The addresses that those have which were there already; and whether a user with limits may have
 * those that are asked for (EX_NOPERM). */
int taps_read_before(struct taps *t, struct fault *fault) A_MUST_CHECK;

/* Asks for what is to be another: mark, MTU, up, addresses, bridge. */
int tap_set_up(struct taps *t, struct tap *tap, struct link_changes *changes,
    struct fault *fault) A_MUST_CHECK;

/* Asks for what was there before. */
int tap_restore(struct tap *tap, struct link_changes *changes, struct fault *fault) A_MUST_CHECK;

/* May a user with limits give an interface these addresses (EX_NOPERM)? Those that `own` interfaces
 * have don't count. */
int addresses_check_limits(const char *name, const struct addresses *wanted, const unsigned own[2],
    const struct link_addresses *all, struct fault *fault) A_MUST_CHECK;

#endif
