/*
 * What an instance's program leaves where the kernel doesn't clear it away when it is killed: a
 * domain of Xen's, something on another machine. Its record says by what command it is ended there,
 * instance.cleanup. That command finds nothing to do when there is nothing left.
 */
#ifndef MIRARI_HOST_CLEANUP_H
#define MIRARI_HOST_CLEANUP_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"

#include <stdbool.h>

bool cleanup_is_needed(const struct rec *record);

/* Runs it, if the record has one, in instance.dir if that is there; its messages are ours. -1: it
 * could not be run, or failed, with its status; both are worth another try later. */
int cleanup_run(const struct rec *record, struct fault *fault) A_MUST_CHECK;

#endif
