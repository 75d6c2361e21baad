/*
 * The command that a unikernel is run by, from its record: what gives it its devices (mirari-tap
 * exec), what looks after it (mirari-supervise), what runs it (mirari-solo5 run), and the program.
 */
#ifndef MIRARI_RENDER_RUNCOMMAND_H
#define MIRARI_RENDER_RUNCOMMAND_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stddef.h>

struct runcommand {
	const struct rec *record;     /* borrowed, as all else */
	const char *program;          /* the file, as it is to be called */
	const struct strv *arguments; /* of the unikernel, behind those of the record */
	const struct strv *published; /* ports of the device that a record without one gets */
	const struct strv *supervise; /* options of mirari-supervise; NULL: it isn't looked after */
	const char *tender;           /* NULL: mirari-solo5 finds it */
	const char *memory;           /* MiB, said by hand: a limit also for a program elsewhere */
	const char *tools;            /* the directory of our tools; NULL: they are in PATH */
	bool rootless;                /* in a network of its own */
	bool check;                   /* only what tells whether mirari-solo5 could run it, of which
					 taps needn't be there */
};

/* Appends the words. `*program` is where the unikernel's file is among them. */
int runcommand(const struct runcommand *r, struct strv *into, size_t *program,
    struct fault *fault) A_MUST_CHECK;

#endif
