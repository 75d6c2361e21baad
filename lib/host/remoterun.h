/*
 * A unikernel that runs on another machine, by the mirari there, as if it ran here: its file is
 * copied, it is started detached (mirari run --detach), what it prints is shown here, and our end
 * is its end. It goes on there when the connection is lost, or we are killed; the first is made
 * again.
 */
#ifndef MIRARI_HOST_REMOTERUN_H
#define MIRARI_HOST_REMOTERUN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/relay.h"
#include "core/strv.h"
#include "host/sshlink.h"

#include <stdint.h>

struct remoterun {
	const char *place, *config; /* as for sshlink_open */
	const char *name;           /* of the instance there */
	const char *target;
	const struct rec *record;     /* what of it matters there is handed over */
	const struct strv *arguments; /* of the unikernel, behind those that the record has */
	const struct strv *published; /* ports, of the device that it gets there if it has none */
	const char *memory;           /* MiB, also of a program; NULL: as the record has it */
	const char *path;             /* its file */
	int fd;                       /* it, open */
	void (*note)(const char *text);
	void (*progress)(uint64_t done, uint64_t total); /* NULL: none */

	/* the module's own */
	struct sshlink link;
	struct buf file;    /* there, absolute */
	struct buf since;   /* the time there before it was started */
	struct buf version; /* of the mirari there */
	bool may_run;       /* it has been told to start it */
};

void remoterun_free(struct remoterun *r);

/* Appends --set=KEY=VALUE for what matters there. EX_DATAERR for a path that isn't absolute. */
int remoterun_settings(
    const struct rec *record, struct strv *into, struct fault *fault) A_MUST_CHECK;

/* Connects, copies and starts it. Signals of the relay end the former; once it may run they are
 * left for later. EX_TEMPFAIL: one of that name runs there. EX_UNAVAILABLE with may_run: it is
 * unknown whether it runs. */
int remoterun_start(
    struct remoterun *r, const struct relay *relay, struct fault *fault) A_MUST_CHECK;

/* All of it. *status: what the unikernel ended with. A first signal (SIGINT, SIGTERM, SIGHUP), or
 * that nobody reads our output, stops it as mirari stop does, a second one at once. -1: it could
 * not be started, or it is not known what became of it. */
int remoterun(struct remoterun *r, int *status, struct fault *fault) A_MUST_CHECK;

#endif
