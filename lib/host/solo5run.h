/*
 * A Solo5 unikernel on this machine: what its record says of devices, memory and arguments becomes
 * the command of its tender, after everything was looked at that can be known before; then the
 * command is shown, or run to its end.
 */
#ifndef MIRARI_HOST_SOLO5RUN_H
#define MIRARI_HOST_SOLO5RUN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "host/blockfile.h"
#include "host/tapcheck.h"
#include "model/exitstatus.h"
#include "model/image.h"
#include "render/solo5argv.h"

#include <stdbool.h>

struct solo5run {
	const struct image *image;
	const char *path;         /* the unikernel's file */
	const struct rec *record; /* net.*, block.*, memory, arg, switch; checked */
	const struct strv
	    *more;          /* arguments behind the record's: those a record can't carry, too */
	const char *tender; /* NULL: look for it */
	const char *accel;  /* virtio: "kvm" or "tcg"; NULL: what can be had */
	bool dry_run;       /* taps needn't be there, and no file is made or opened */

	struct strv notes; /* by solo5run_plan: for people */

	/* its own, from here on */
	unsigned memory; /* MiB */
	bool kvm;
	struct buf found; /* the tender */
	struct strv arguments;
	struct solo5_device devices[IMAGE_DEVICES_MAX];
	struct tapcheck taps[IMAGE_DEVICES_MAX];
	struct blockfile files[IMAGE_DEVICES_MAX];
	int handed[IMAGE_DEVICES_MAX + 2]; /* descriptors for the tender */
	size_t handed_count;
	struct buf redirects; /* with dry_run: by which a shell opens these */
	struct strv words;    /* owns strings that others borrow */
};

void solo5run_free(struct solo5run *r);

/* Looks at everything. Nothing is made or changed. */
int solo5run_plan(struct solo5run *r, struct fault *fault) A_MUST_CHECK;

/* Appends the command as a shell takes it, with a newline; for dry_run. */
int solo5run_show(struct solo5run *r, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Makes the missing block files, locks all of them, and runs it. 0 with how it ended, or -1 when it
 * could not be started: these files are gone again then. Ends us by the signal that ended it, if
 * that was sent to us. */
int solo5run(struct solo5run *r, struct exit_meaning *how, struct fault *fault) A_MUST_CHECK;

/* Among solo5plan.c and solo5run.c: a copy of the word that lives as long as r. */
const char *solo5run_keep(struct solo5run *r, const char *word);

#endif
