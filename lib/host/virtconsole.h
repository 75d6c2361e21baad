/*
 * A domain's console (host/virtchannel.h) to and from descriptors of ours: byte for byte, in
 * libvirt's event loop, with nothing read from one side that the other doesn't take yet. A terminal
 * is one that types each key to the guest: ^] leaves, and where the domain ends with us, ^C asks
 * for that.
 */
#ifndef MIRARI_HOST_VIRTCONSOLE_H
#define MIRARI_HOST_VIRTCONSOLE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/virt.h"
#include "host/virtchannel.h"

#include <stdbool.h>
#include <stddef.h>

enum { VIRTCONSOLE_TAIL = 4096 };

struct virtconsole {
	int in, out;
	bool interrupts; /* ^C on a terminal isn't the guest's */

	/* what has happened */
	bool left;                   /* ^] */
	bool interrupted;            /* ^C; the caller may set it back */
	bool deaf;                   /* nobody reads `out` any more */
	bool moved;                  /* something came; the caller may set it back */
	char tail[VIRTCONSOLE_TAIL]; /* what the guest has printed last */
	size_t tail_length;

	/* the module's own */
	struct virtchannel channel; /* closed: there is none, or it has ended */
	bool terminal;              /* `in` is one, and in raw mode */
	int in_watch, out_watch;
	bool in_ended;
	struct buf typed, shown; /* what the other side hasn't taken yet */
};

/* Watches `in` and `out`; a terminal is in raw mode from here on until it ends. */
int virtconsole_start(struct virtconsole *c, struct fault *fault) A_MUST_CHECK;
void virtconsole_end(struct virtconsole *c); /* may be called twice */

/* While there is no connection the terminal is as ever, so that ^C ends us. */
void virtconsole_pause(struct virtconsole *c);
void virtconsole_resume(struct virtconsole *c);

/* As virtchannel_open. */
int virtconsole_open(struct virtconsole *c, const struct virt *v, virDomainPtr domain, bool force,
    struct fault *fault) A_MUST_CHECK;

/* What carries it is of no use any more. */
void virtconsole_drop(struct virtconsole *c);

/* Has all been shown that there was? */
bool virtconsole_is_done(const struct virtconsole *c);

#endif
