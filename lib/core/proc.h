/*
 * Other programs: started by posix_spawn or exec with an argv, never through a shell, always waited
 * for. The first word is looked up in PATH unless it has a slash.
 */
#ifndef MIRARI_CORE_PROC_H
#define MIRARI_CORE_PROC_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/relay.h"
#include "core/strv.h"

#include <stdbool.h>
#include <sys/types.h>

struct proc_io {
	int in;          /* the child's standard input; -1 is /dev/null */
	int out;         /* the child's standard output; -1 is ours */
	const int *err;  /* its standard error; NULL is ours */
	bool merge;      /* its standard error goes where its output goes */
	bool detached;   /* it has a session of its own and no other descriptors, and no signal that
			    ends a program is ignored */
	const char *dir; /* where it runs, and where a first word with a slash is seen from; NULL is
			    here */
};

/* A program that runs beside us. */
struct child {
	pid_t pid;
	int ended; /* a descriptor that is readable once it has ended (pidfd_open); -1 where the
		      kernel has none, and one has to look every WITHOUT_PIDFD_MS */
};

enum { WITHOUT_PIDFD_MS = 10 };

/* Runs it to its end, with signals as core/relay.h has them. 0 with *status set to its exit status
 * (128+N when signal N killed it), or -1 when it could not be started: EXIT_NOT_FOUND or
 * EXIT_CANNOT_EXEC. */
int proc_run(const struct strv *command, const struct proc_io *io, int *status,
    struct fault *fault) A_MUST_CHECK;

/* The same in two steps, for what is to be done meanwhile; proc_wait must follow, and releases it.
 * A child takes no blocked signals over. */
int proc_start(const struct strv *command, const struct proc_io *io, struct child *child,
    struct fault *fault) A_MUST_CHECK;
int proc_wait(struct child *child, int *status, struct fault *fault) A_MUST_CHECK;

bool proc_has_ended(const struct child *child);

/* Has it ended? Waits for that, at most so long (-1: for ever), and passes signals on meanwhile. */
bool proc_ended(const struct child *child, struct relay *relay, int milliseconds);

/* Runs it with nothing on its standard input and appends what it prints. */
int proc_capture(const struct strv *command, const char *dir, struct buf *out, int *status,
    struct fault *fault) A_MUST_CHECK;

/* Becomes it. Returns (-1) only on failure: EXIT_NOT_FOUND or EXIT_CANNOT_EXEC. */
int proc_exec(const struct strv *command, struct fault *fault);

/* Where PATH has an executable of that name: 0 with its path appended, or -1 with errno set. */
int proc_find(const char *name, struct buf *path) A_MUST_CHECK;

/* The same, with a fault in place of errno: EXIT_NOT_FOUND or EXIT_CANNOT_EXEC. */
int proc_locate(const char *name, struct buf *path, struct fault *fault) A_MUST_CHECK;

/* Why a program can't be executed, when all that is known is an errno: a fault as of proc_locate.
 * Returns -1. */
int proc_fault(const char *name, int error, struct fault *fault);

/* An anonymous file in memory, for what one program hands to the next. */
int proc_memory_file(struct fault *fault) A_MUST_CHECK;

/* One that has these bytes, to be read from their start. */
int proc_memory_file_of(const struct buf *bytes, struct fault *fault) A_MUST_CHECK;

#endif
