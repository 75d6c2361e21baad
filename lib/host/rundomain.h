/*
 * Running what isn't a process of this machine (render/domaincommand.h): which options go with it,
 * and the bridges that its network devices need here.
 */
#ifndef MIRARI_HOST_RUNDOMAIN_H
#define MIRARI_HOST_RUNDOMAIN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/running.h"

/* EX_USAGE, or EX_UNAVAILABLE for a place that nothing is run at. */
int rundomain_check(const struct running *r, struct fault *fault) A_MUST_CHECK;

/* For a domain of this machine: a device that asks for more than to be put into a bridge gets one;
 * the record names it then, and *into is the command that makes them. It stays empty when there is
 * none to be made. */
int rundomain_plan_bridges(struct rec *record, struct strv *into, struct fault *fault) A_MUST_CHECK;

/* Makes them. 0; -1 with a fault; or the exit status of the tool, which has said why. */
int rundomain_make_bridges(const struct strv *command, struct fault *fault) A_MUST_CHECK;

#endif
