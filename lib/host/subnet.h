/*
 * A network between this host and a unikernel's device, for those that nobody has given one: a /24
 * of 10.64.0.0/10, made from the names of unikernel and device, so that it is the same at each
 * start. One that overlaps with an address that the host has already isn't taken, but the next
 * free one.
 */
#ifndef MIRARI_HOST_SUBNET_H
#define MIRARI_HOST_SUBNET_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

/* Appends the host's address with the prefix, 10.64.3.1/24. What the interface `own` has isn't
 * taken by another; what is in `given` is, being what was chosen for earlier devices.
 * EX_UNAVAILABLE when all are taken. */
int subnet_choose(const char *unikernel, const char *device, const char *own,
    const struct strv *given, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
