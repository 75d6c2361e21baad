/*
 * Where xl runs: on this machine, or on another over ssh. Everything else about xl (host/xl*.h)
 * goes through this, so that it works in both places in the same way.
 *
 * xl needs to be root in dom0. Another machine may have us as somebody else, whom sudo(8) lets run
 * xl without asking.
 */
#ifndef MIRARI_HOST_XENHOST_H
#define MIRARI_HOST_XENHOST_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"
#include "host/sshlink.h"

#include <stdbool.h>

struct xenhost {
	const char *place;   /* borrowed; NULL: here */
	const char *config;  /* for ssh; may be NULL */
	struct sshlink link; /* unless it is here */
	bool libvirt; /* there is a libvirtd that we may use; set also when xl can't be used */
	struct strv prefix; /* what goes before xl's own words: sudo, and xl's path */
};

void xenhost_close(struct xenhost *h);

/* `place` is local (or NULL), or an ssh:// of the record. Sees that Xen runs there, that there is
 * an xl and that we may use it: EX_UNAVAILABLE or EX_NOPERM, each with what to do. */
int xenhost_open(
    struct xenhost *h, const char *place, const char *config, struct fault *fault) A_MUST_CHECK;

/* The same once more, after the connection was lost. */
int xenhost_reopen(struct xenhost *h, struct fault *fault) A_MUST_CHECK;

/* Has the connection to another machine been lost? */
bool xenhost_is_lost(const struct xenhost *h);

/* "this machine", or the place: for messages. */
const char *xenhost_name(const struct xenhost *h);

enum { XENHOST_READY = 1 }; /* a byte */

/* Appends the words that run `xl ARGUMENT...` there, with a terminal if there is to be one. Over
 * ssh its standard error goes to `errors`, a file there, unless that is NULL: a terminal has but
 * one way out. That terminal is raw once the byte XENHOST_READY, its first, has come. */
void xenhost_xl_command(const struct xenhost *h, const struct strv *arguments, bool tty,
    const char *errors, struct strv *into);

struct xenanswer {
	struct buf out, errors;
	int status;
};

void xenanswer_free(struct xenanswer *a);

/* Runs `xl ARGUMENT...`. -1: it could not be run, or the connection is gone. */
int xenhost_xl(const struct xenhost *h, const struct strv *arguments, struct xenanswer *into,
    struct fault *fault) A_MUST_CHECK;

/* Appends a file that only root may be able to read. 1; 0 when there is none; -1 with a fault. */
int xenhost_read(
    const struct xenhost *h, const char *path, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* What xl said, as one line, in place of a fault of ours: its first errors, without the places in
 * its sources. */
int xenhost_refused(
    const struct xenhost *h, const char *what, const struct buf *errors, struct fault *fault);

#endif
