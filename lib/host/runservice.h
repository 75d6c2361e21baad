/* A unikernel as a service of systemd, instead of one that we look after. */
#ifndef MIRARI_HOST_RUNSERVICE_H
#define MIRARI_HOST_RUNSERVICE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/running.h"

/* Appends the unit, as of now: its paths are absolute, and the tender is the one that would be
 * used. As root it is for the machine's manager, and the unikernel runs as who is behind sudo; else
 * for the user's, where taps of the host's can't be had (EX_USAGE). */
int runservice(const struct running *r, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
