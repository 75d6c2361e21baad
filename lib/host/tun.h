/*
 * /dev/net/tun: making taps and attaching to them (linux/if_tun.h, and the kernel's
 * Documentation/networking/tuntap.rst). A tap lives as long as somebody has it open, or until it is
 * deleted once it is persistent. All are IFF_TAP|IFF_NO_PI with one queue: one read or write is one
 * Ethernet frame, as Solo5 and MirageOS want it.
 */
#ifndef MIRARI_HOST_TUN_H
#define MIRARI_HOST_TUN_H

#include "core/attr.h"
#include "core/fault.h"

#include <sys/types.h>

/* 0: a new tap, *fd holds it. 1: there is an interface of that name. -1: a fault. */
int tun_create(const char *name, int *fd, struct fault *fault) A_MUST_CHECK;

/* Opens a tap that is there. A fault when it may not be, or is in use: who has it is in the text.
 */
int tun_attach(const char *name, int *fd, struct fault *fault) A_MUST_CHECK;

/* Only this user (and members of this group, unless it is (gid_t)-1) may attach from now on. */
int tun_own(int fd, const char *name, uid_t owner, gid_t group, struct fault *fault) A_MUST_CHECK;

/* It stays when nobody has it open. 1: it was deleted meanwhile. */
int tun_persist(int fd, const char *name, struct fault *fault) A_MUST_CHECK;

#endif
