/*
 * Starting something that goes on without us: a session of its own, so that no terminal's ^C or end
 * reaches it. Whether it runs it says itself, by exactly one record on its standard output, after
 * which it lets go of its standard descriptors (mirari-supervise). Until then its messages are
 * ours: standard error is inherited. Its standard input is a record of ours, or /dev/null; its
 * environment is ours as it is now; other descriptors it doesn't get; no signal is blocked, and
 * those that end a program aren't ignored.
 */
#ifndef MIRARI_HOST_LAUNCH_H
#define MIRARI_HOST_LAUNCH_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

/* Starts the command in `dir` (NULL: here), with `input` on its standard input unless that is NULL,
 * and waits for its record.
 *
 * 0: with *status 0 it runs, and *answer is what it wrote. Else it has failed with that status
 * (128+N when signal N killed it); why it has said itself.
 * -1: it could not be started (EXIT_NOT_FOUND, EXIT_CANNOT_EXEC, EX_NOPERM or EX_OSERR for `dir`),
 * or it ended well without a record, or wrote something else (EX_DATAERR); in the latter case it is
 * told to end.
 *
 * A signal that would end us while we wait ends it first (core/relay.h), whether it came from the
 * terminal or not. */
int launch_detached(const struct strv *command, const char *dir, const struct rec *input,
    struct rec *answer, int *status, struct fault *fault) A_MUST_CHECK;

#endif
