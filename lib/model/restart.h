/*
 * When a program that has ended is started again: the policy, and how long to wait. Pure: clock and
 * chance are arguments.
 *
 *     no               never
 *     on-failure[:N]   when it has failed; with N, so many times in a row
 *     always           whatever it ended with
 *
 * A program that was told to end isn't started again by any of them.
 *
 * Failed is every status but 0. Three of them aren't retried by on-failure, as the same command
 * would end in the same way: 64, the unikernel didn't like its arguments; 126 and 127, there is
 * nothing to execute. That a signal ended it is a failure whichever it was: for a tender that
 * handles SIGTERM by exit(1) it couldn't be told from others, and a supervisor that was told to
 * stop has told us so.
 *
 * The first wait is 100 ms: short enough for what failed once not to be missed, long enough for a
 * command that never works not to keep a processor busy. It doubles up to a minute, beyond which a
 * person who has repaired the cause would wait too long. What is waited is between half of it and
 * all of it, by chance, so that a hundred programs which lost the same thing at the same time don't
 * come back at the same time. A run that lasted longer than 10 seconds and the last wait was a
 * success: the wait begins anew, and so does the count.
 */
#ifndef MIRARI_MODEL_RESTART_H
#define MIRARI_MODEL_RESTART_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* In milliseconds. */
enum { RESTART_WAIT_FIRST = 100, RESTART_WAIT_MAX = 60000, RESTART_LASTED = 10000 };

enum { RESTART_LIMIT_MAX = 1000000 };

enum restart_when { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct restart {
	enum restart_when when;
	uint32_t limit; /* restarts in a row; 0: any number */
};

/* False for what is no policy; *into is set only for one. */
bool restart_parse(const char *text, struct restart *into) A_MUST_CHECK;
void restart_text(const struct restart *policy, struct buf *into);

/* For a message to who wrote something else. */
#define RESTART_EXPECTED "no, on-failure, on-failure:N or always"

/* How it has gone until now; zeroed at first. */
struct restart_history {
	uint32_t in_a_row;
	int64_t wait; /* the last one, before chance */
};

/* How a run ended. */
struct restart_end {
	int status;     /* as a shell has it: 128+N for signal N */
	bool told;      /* it was told to */
	int64_t lasted; /* milliseconds */
};

enum restart_answer {
	RESTART_DONE,    /* that was it */
	RESTART_GIVE_UP, /* it would be started again, but for the limit */
	RESTART_AGAIN    /* after *wait milliseconds */
};

/* `chance` is any number, of which every one is as likely. */
enum restart_answer restart_decide(const struct restart *policy, struct restart_history *history,
    const struct restart_end *end, uint32_t chance, int64_t *wait) A_MUST_CHECK;

#endif
