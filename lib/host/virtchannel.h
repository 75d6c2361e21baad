/*
 * What carries a domain's console to us. Either libvirt streams it (virDomainOpenConsole), from a
 * pseudo-terminal of QEMU's or Xen's: this works everywhere, but what was printed last is lost when
 * libvirt hasn't read it by the time that the pseudo-terminal is closed. Or it is a socket that
 * QEMU listens at on this machine, of which nothing is lost, and which libvirt 9 doesn't stream.
 *
 * Solo5's unikernels say how they ended in their last line: so it is a socket where one can be had.
 */
#ifndef MIRARI_HOST_VIRTCHANNEL_H
#define MIRARI_HOST_VIRTCHANNEL_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "host/virt.h"

#include <stdbool.h>
#include <stddef.h>

struct virtchannel {
	/* called when there is something to read (or it has ended) or room to write, as asked for
	 */
	void (*ready)(void *data, int events);
	void *data;

	/* the module's own; zeroed is closed */
	virStreamPtr stream;
	int fd, watch; /* the socket, where `open` is set and there is no stream */
	int guard;     /* says to others that we have it */
	bool open;
	int events;
};

/* Appends where the serial port of the domain with that UUID listens, if its QEMU runs here and
 * lets us in: the connection is to this machine, and the session's or we are root. */
bool virtchannel_place(const struct virt *v, const char *uuid, struct buf *into);

/* Opens the domain's console, with `force` even where somebody has it: EX_TEMPFAIL without.
 * EX_UNAVAILABLE: it has none, or the driver. A stream pins the domain (host/virtpin.h): whoever
 * closes it releases that. */
int virtchannel_open(struct virtchannel *c, const struct virt *v, virDomainPtr domain, bool force,
    struct fault *fault) A_MUST_CHECK;
void virtchannel_close(struct virtchannel *c); /* may be called twice */

/* What `ready` is called for: VIR_STREAM_EVENT_READABLE, _WRITABLE, both or 0. */
void virtchannel_want(struct virtchannel *c, int events);

/* How many bytes; 0: it has ended; VIRTCHANNEL_LATER: not now. */
enum { VIRTCHANNEL_LATER = -2 };
int virtchannel_read(struct virtchannel *c, char *into, size_t length);
int virtchannel_write(struct virtchannel *c, const char *bytes, size_t length);

#endif
