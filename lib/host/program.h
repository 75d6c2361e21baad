/*
 * A program below a supervisor: started in a process group of its own with pipes for its standard
 * descriptors, told to end, and cleared away with all that it has started.
 *
 * It gets the environment and the other descriptors as they are here. Those that are handed over by
 * the convention of sd_listen_fds(3) to this process are handed on: LISTEN_PID becomes its own. It
 * gets SIGTERM when this process ends, however it ends (PR_SET_PDEATHSIG of prctl(2)); what it has
 * started itself doesn't. Signals are as they were when program_prepare was called.
 */
#ifndef MIRARI_HOST_PROGRAM_H
#define MIRARI_HOST_PROGRAM_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/procid.h"
#include "core/strv.h"
#include "host/cgroup.h"
#include "host/instancelog.h"

#include <signal.h>
#include <stdbool.h>

struct program {
	const struct strv *command;          /* borrowed */
	const struct cgroup *group;          /* borrowed; one without a directory is none */
	const struct processors *processors; /* where it may run; NULL: anywhere; borrowed */

	struct procid id; /* pid 0: it doesn't run */
	bool ended;       /* but its number is still its own */
	int in;           /* non-blocking, as are the others; -1: closed */
	int out[LOG_STREAMS];

	/* the module's own */
	sigset_t mask;
	struct sigaction pipe, file_size;
	pid_t *others; /* children that this process had before; owned */
	size_t other_count;
};

/* Once, before the first start: from here on orphans of the program come to this process, and the
 * signals of `held` and SIGCHLD are blocked, for a signalfd. */
int program_prepare(struct program *p, const sigset_t *held, struct fault *fault) A_MUST_CHECK;
void program_free(struct program *p);

/* Returns once it has been executed. EXIT_NOT_FOUND and EXIT_CANNOT_EXEC as of a shell; EX_OSERR.
 */
int program_start(struct program *p, struct fault *fault) A_MUST_CHECK;

/* To its group; nothing when it doesn't run. */
void program_signal(const struct program *p, int number);

/* With its control group, if it has one. */
void program_kill(const struct program *p);

/* After a SIGCHLD: waits for its orphans that have ended, and sets `ended` once it has itself. */
void program_look(struct program *p);

/* Once it has ended: kills what it has left behind, waits for all of that and for itself, closes
 * the pipes. Returns its exit status (128+N for signal N); *signal is 0, or what ended it. */
int program_clear(struct program *p, int *signal);

#endif
