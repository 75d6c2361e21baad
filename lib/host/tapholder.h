/*
 * Who has taps open. The kernel tells by /proc/PID/fdinfo/FD, where an open /dev/net/tun has a line
 * "iff:<TAB>NAME" (drivers/net/tun.c, tun_chr_show_fdinfo). Processes of others can be looked into
 * by root only, so what isn't found here may be held all the same.
 */
#ifndef MIRARI_HOST_TAPHOLDER_H
#define MIRARI_HOST_TAPHOLDER_H

#include "core/fault.h"
#include "host/taperror.h"

#include <net/if.h>
#include <stddef.h>
#include <sys/types.h>

struct tapholder {
	char tap[IFNAMSIZ];
	pid_t pid;
	char program[16]; /* /proc/PID/comm, without control characters */
};

struct tapholders {
	struct tapholder *items; /* owned */
	size_t count;
};

void tapholders_free(struct tapholders *h);

/* All that can be seen in our network namespace. */
void tapholders_read(struct tapholders *into);

/* The one of this tap, or NULL. */
const struct tapholder *tapholders_of(const struct tapholders *h, const char *tap);

/* The fault of a step (TAP_ATTACH or TAP_DELETE) that a tap is in the way of by being in use, with
 * who has it. Returns -1. */
int tap_in_use(enum tap_step step, const char *tap, struct fault *fault);

#endif
