/*
 * One mirari-tap at a time changes what belongs to a network namespace as a whole: nftables and
 * switches of the kernel (host/nat.h), and bridges that several unikernels share
 * (host/hostbridge.h). A lock (flock) on the namespace itself, /proc/self/ns/net: there is no file,
 * and it ends with the process. A process that has it may take it again.
 */
#ifndef MIRARI_HOST_NETLOCK_H
#define MIRARI_HOST_NETLOCK_H

#include "core/attr.h"
#include "core/fault.h"

enum { NETLOCK_PATIENCE_MS = 10000 };

/* Waits for it, not longer than that (EX_TEMPFAIL). */
int netlock_take(struct fault *fault) A_MUST_CHECK;

/* Once for each time that it was taken. */
void netlock_leave(void);

#endif
