/*
 * Detached unikernels: what is known of each is one record, NAME.instance, in the user's state
 * directory (host/statedir.h).
 *
 *     NAME.instance   the record: instance.* and whatever else describes it
 *     NAME.log        host/instancelog.h; NAME.log.1 is older, and so on
 *     NAME.console    host/console.h
 *     lock            locked (flock) while a record is changed or a name taken
 *
 * A name is a VALUE_NAME (model/value.h), so that it can't lead out of the directory; and as every
 * file's last part says what it is, two instances share none, whatever they are called.
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
#include "core/fault.h"
#include "core/procid.h"
#include "core/rec.h"
#include "core/strv.h"
#include "host/statedir.h"

#include <stdbool.h>

enum { INSTANCE_MAX = 1 << 20 }; /* bytes of a record */

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

struct instance {
	const char *name;            /* borrowed from record */
	enum instance_status status; /* as it is now: lost, too */
	bool settled;                /* it is what is written, too */
	struct procid process;       /* the program; pid 0 while there is none of this boot */
	struct procid supervisor;    /* in the same way */
	struct rec record;           /* owned: as it was written, whatever has become of it since */
};

void instance_free(struct instance *i);

/* Can it be an instance's name? EX_USAGE. */
int instance_check_name(const char *name, struct fault *fault) A_MUST_CHECK;

/* Reads one. 1; 0 when there is none of that name; -1 with a fault (EX_DATAERR, with the file's
 * path: a record that isn't one of ours). */
int instance_read(const struct instances *s, const char *name, struct instance *into,
    struct fault *fault) A_MUST_CHECK;

/* The same, but one that isn't there is a fault, EXIT_NO, with the hint mirari ps --all. */
int instance_find(const struct instances *s, const char *name, struct instance *into,
    struct fault *fault) A_MUST_CHECK;

/* All names, sorted. */
int instance_names(const struct instances *s, struct strv *into, struct fault *fault) A_MUST_CHECK;

/* May the name be taken? EX_TEMPFAIL as instance_take has it. */
int instance_check_free(
    const struct instances *s, const char *name, struct fault *fault) A_MUST_CHECK;

/* Takes a name and writes the record, whose instance.name it is, with instance.boot and, which is
 * `self`, instance.supervisor. EX_TEMPFAIL, with the pid: one of that name is live, or lost and
 * still runs. Else it is replaced; its logs stay. `self` is the process which becomes that
 * instance's supervisor: a record that is starting and was written by itself, or by a process above
 * it, is taken over. */
int instance_take(const struct instances *s, const struct rec *record, struct procid self,
    struct fault *fault) A_MUST_CHECK;

/* Replaces the record; only for who has taken it: EX_TEMPFAIL when instance.supervisor (if the
 * record has none, that of before stays) isn't the one who did so last. */
int instance_update(
    const struct instances *s, const struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Sets one key of a record, in place of what it had; a NULL value takes it out. */
int instance_set(
    struct rec *record, const char *key, const char *value, struct fault *fault) A_MUST_CHECK;

/* Writes down what has become of one that isn't live any more, which its supervisor can't: it has
 * no processes then, and no console. Nothing is done when its supervisor is another one meanwhile,
 * or has written its end itself. */
int instance_settle(const struct instances *s, const struct instance *i, enum instance_status as,
    struct fault *fault) A_MUST_CHECK;

/* Removes an instance that isn't live: its record, and unless `keep_logs` its logs. EX_TEMPFAIL for
 * a live one, or one that is lost and still runs; EXIT_NO when there is none. A record that can't
 * be read is removed. */
int instance_remove(
    const struct instances *s, const char *name, bool keep_logs, struct fault *fault) A_MUST_CHECK;

#endif
