/*
 * The parent of one detached program: it has the instance's name, log and console, and starts the
 * program again as its policy says. That is all; what the program uses, such as taps in descriptors
 * that are inherited, lives as long as this process, which is why it survives a restart.
 *
 * Signals: SIGTERM, SIGINT and SIGHUP tell the program to end (SIGTERM to its process group) and
 * end this, once it has; SIGQUIT kills it. When this process is killed, the program gets SIGTERM.
 *
 * What the program has left behind when it ends is killed, once its output is read to its end or a
 * second has passed.
 *
 * What the program has elsewhere is ended by the record's instance.cleanup (host/cleanup.h) if it
 * was killed, or could not be reached when we were told to end; before that is done it isn't
 * started again. If it can't be done, the record is left as it is: the instance is lost.
 *
 * While nothing happens there is one poll without a timeout.
 */
#ifndef MIRARI_HOST_SUPERVISE_H
#define MIRARI_HOST_SUPERVISE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "model/limits.h"
#include "model/restart.h"

#include <stdint.h>

struct supervise {
	const struct strv *command;
	const struct rec *record; /* what is to be known of it; with instance.name */
	struct restart restart;
	struct limits limits;
	uint64_t log_size; /* host/instancelog.h */
	unsigned log_files;

	/* Called once, when the program runs, with the instance's record. -1: it is ended again. */
	int (*started)(const struct rec *record, struct fault *fault);
};

/* Returns when it is over. -1: it never was (EX_TEMPFAIL: the name is taken; EXIT_NOT_FOUND,
 * EXIT_CANNOT_EXEC; EX_UNAVAILABLE: a limit can't be had), and all is as it was before. Else 0, and
 * *status is the program's last exit status, or 0 if it has ended since this process was told to.
 */
int supervise_run(const struct supervise *s, int *status, struct fault *fault) A_MUST_CHECK;

#endif
