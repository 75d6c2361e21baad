/*
 * A tender from its start to its end. Unlike core/proc.h's children it can't outlive us: the kernel
 * kills it when we are (PR_SET_PDEATHSIG, prctl(2)). Signals are passed on as core/relay.h has it.
 */
#ifndef MIRARI_HOST_TENDERRUN_H
#define MIRARI_HOST_TENDERRUN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/relay.h"
#include "core/strv.h"
#include "host/terminalstate.h"

#include <stddef.h>
#include <sys/types.h>

enum { TENDER_TAIL = 4096 };

struct tenderrun {
	const struct strv *argv;
	const int *handed; /* descriptors that it gets as they are; borrowed */
	size_t handed_count;
	int console; /* the reading end of a pipe with a copy of the console; -1: none. Its end is
			kept for exit_told */

	pid_t pid;
	int ended; /* as in struct child */
	struct relay relay;
	struct terminalstate terminal;
	char tail[TENDER_TAIL]; /* what was read last */
	size_t tail_length;
};

/* Starts it. -1: EXIT_NOT_FOUND, EXIT_CANNOT_EXEC; it has not run then. */
int tenderrun_start(struct tenderrun *t, struct fault *fault) A_MUST_CHECK;

/* Waits for its end: *wait_status is as waitpid has it. The terminal of one that was killed is as
 * before. */
int tenderrun_wait(struct tenderrun *t, int *wait_status, struct fault *fault) A_MUST_CHECK;

/* Signals are as before; we end by the one that we were told to end by, if there was one. */
void tenderrun_end(struct tenderrun *t);

#endif
