/*
 * Running what isn't a process of this machine (render/domaincommand.h): which options go with it.
 */
#ifndef MIRARI_HOST_RUNDOMAIN_H
#define MIRARI_HOST_RUNDOMAIN_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/running.h"

/* EX_USAGE, or EX_UNAVAILABLE for a place that nothing is run at. */
int rundomain_check(const struct running *r, struct fault *fault) A_MUST_CHECK;

#endif
