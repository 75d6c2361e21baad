/*
 * The mirari on another machine, reached by ssh: its commands, and the instances there that were
 * deployed from elsewhere. These are the ones whose command has a file in their directory of ours
 * (host/remotefile.h); no other is touched, whatever it is called.
 */
#ifndef MIRARI_HOST_REMOTEMIRARI_H
#define MIRARI_HOST_REMOTEMIRARI_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "host/instance.h"
#include "host/sshlink.h"

#include <stdbool.h>

/* `mirari` with words to follow: in PATH there, and where a login's PATH often doesn't lead. */
void remotemirari_command(struct strv *into);

/* Is there one that can be started? EX_UNAVAILABLE: no. */
int remotemirari_check(const struct sshlink *l, struct fault *fault) A_MUST_CHECK;

struct remoteinstance {
	struct rec record; /* empty: there is none of that name */
	struct buf version;
	struct buf now; /* that machine's time: 2026-11-25T12:31:24Z */
	struct buf dir; /* ~/.mirari/NAME there, without symbolic links, as mirari run has it */
	enum instance_status status;
	bool ours;
};

void remoteinstance_free(struct remoteinstance *i);

/* EX_UNAVAILABLE: there is no mirari. */
int remotemirari_look(const struct sshlink *l, const char *name, struct remoteinstance *into,
    struct fault *fault) A_MUST_CHECK;

/* EX_TEMPFAIL: one that runs has the name. */
int remotemirari_check_free(const struct sshlink *l, const char *name,
    const struct remoteinstance *there, struct fault *fault) A_MUST_CHECK;

/* Stops it, waits for that, and forgets it with its log; its directory goes, too. EXIT_NO: there is
 * no such instance (the directory is removed then, too), or it isn't ours (nothing is done). */
int remotemirari_stop(const struct sshlink *l, const char *name, unsigned timeout_s,
    struct fault *fault) A_MUST_CHECK;

/* The names of what runs there, as far as that can be seen: instances of mirari, and domains of
 * xl. *all is false when there is an xl that doesn't say. */
int remotemirari_running(
    const struct sshlink *l, struct strv *names, bool *all, struct fault *fault) A_MUST_CHECK;

#endif
