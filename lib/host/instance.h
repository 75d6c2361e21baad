/*
 * Detached unikernels: what is known of each is one record, NAME.instance, in the user's state
 * directory, which is $XDG_STATE_HOME/mirari; without that variable /run/mirari for root (its logs
 * in /var/log/mirari, which a reboot leaves), else $HOME/.local/state/mirari. The directory is
 * made when it is first written to, for its user alone (0700).
 *
 *     NAME.instance   the record: instance.* and whatever else describes it
 *     NAME.log        host/instancelog.h; NAME.log.1 is older, and so on
 *     NAME.console    host/console.h
 *     lock            locked (flock) while a record is changed or a name taken
 *
 * A record is replaced by rename: readers need no lock and see the old one or the new one. What is
 * in it is told by one process at a time: by who starts the instance (status starting), then by its
 * supervisor (mirari-supervise), and once that has ended by whoever holds the lock.
 *
 * A record says that something runs; whether that is so is seen from the supervisor: its pid and
 * start time, and the machine's boot. One whose supervisor isn't there any more has the status
 * lost, whatever is written.
 */
#ifndef MIRARI_HOST_INSTANCE_H
#define MIRARI_HOST_INSTANCE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/procid.h"
#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>

/* As instance.status has it. */
enum instance_status {
	INSTANCE_STARTING, /* nothing of it has run yet */
	INSTANCE_RUNNING,
	INSTANCE_WAITING,  /* for its next start: instance.next */
	INSTANCE_STOPPING, /* it was told to end */
	INSTANCE_EXITED,   /* by itself, with status 0 */
	INSTANCE_FAILED,   /* by itself, with another one, or it could not be started */
	INSTANCE_STOPPED,  /* since it was told to */
	INSTANCE_LOST      /* its supervisor was killed, or the machine went down */
};

const char *instance_status_name(enum instance_status status);

/* Is there, or will there be, something that runs? */
bool instance_is_live(enum instance_status status);

/* The state directory. `logs` is another one for root without XDG_STATE_HOME. */
struct instances {
	int dir;         /* open; -1: there is none yet */
	struct buf path; /* absolute */
	struct buf logs; /* absolute; of NAME.log */
};

/* Opens it; with `make` it is made, else one that isn't there is no fault, but empty. EX_NOPERM
 * when somebody else could write there. */
int instances_open(struct instances *s, bool make, struct fault *fault) A_MUST_CHECK;
void instances_close(struct instances *s);

struct instance {
	const char *name;            /* borrowed from record */
	enum instance_status status; /* as it is now: lost, too */
	struct procid process;       /* the program; pid 0 while there is none */
	struct procid supervisor;
	struct rec record; /* owned: as it was written, whatever has become of it since */
};

void instance_free(struct instance *i);

/* Reads one. 1; 0 when there is none of that name; -1 with a fault (EX_DATAERR, with the file's
 * path: a record that isn't one of ours). */
int instance_read(const struct instances *s, const char *name, struct instance *into,
    struct fault *fault) A_MUST_CHECK;

/* The same, but one that isn't there is a fault, EXIT_NO, with the hint mirari ps. */
int instance_find(const struct instances *s, const char *name, struct instance *into,
    struct fault *fault) A_MUST_CHECK;

/* All names, sorted. */
int instance_names(const struct instances *s, struct strv *into, struct fault *fault) A_MUST_CHECK;

/* Takes a name and writes the record, whose instance.name it is, with instance.boot. EX_TEMPFAIL,
 * with the pid: one of that name is live. One that isn't is replaced; its logs stay. `self` is the
 * process which becomes that instance's supervisor: a record that is starting and is its own, or
 * its parent's doing, is taken over. */
int instance_take(const struct instances *s, const struct rec *record, struct procid self,
    struct fault *fault) A_MUST_CHECK;

/* Replaces the record; only for who has taken it. */
int instance_update(
    const struct instances *s, const struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Sets one key of a record, in place of what it had; a NULL value takes it out. */
int instance_set(
    struct rec *record, const char *key, const char *value, struct fault *fault) A_MUST_CHECK;

/* Removes an instance that isn't live: its record, and unless `keep_logs` its logs. EX_TEMPFAIL for
 * a live one. */
int instance_remove(
    const struct instances *s, const char *name, bool keep_logs, struct fault *fault) A_MUST_CHECK;

/* Tells every lost one apart: ends what still runs of it, removes its socket, and writes it down as
 * lost. Appends their names. */
int instance_gc(
    const struct instances *s, struct strv *names, bool dry_run, struct fault *fault) A_MUST_CHECK;

#endif
