/*
 * A connection to libvirt, and its event loop: https://libvirt.org/html/libvirt-libvirt-host.html
 * and -event.html. What a domain does doesn't depend on us: when the connection is lost it goes on,
 * and virt_open may be tried again.
 *
 * libvirt's event loop is the process's, so there is one struct virt at a time. Callbacks only note
 * what has happened; who called virt_turn looks at it then.
 */
#ifndef MIRARI_HOST_VIRT_H
#define MIRARI_HOST_VIRT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "host/virtssh.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdint.h>

enum virt_driver { VIRT_XEN, VIRT_QEMU, VIRT_TEST, VIRT_OTHER };

struct virt {
	struct buf uri;           /* by virt_find, or the caller */
	struct virtssh ssh;       /* with a place the URI is one of that machine */
	struct buf words;         /* options that lead there, for people */
	virConnectPtr connection; /* NULL: none */
	enum virt_driver driver;
	bool lost; /* it is there, and of no use any more */
};

/* Which one: `given` (--uri), else the record's libvirt.uri, else $LIBVIRT_DEFAULT_URI where it
 * fits the target, else that of the target: xen:///system, or for virtio qemu:///system for root
 * and qemu:///session for others. Without a target, Xen's is it on a Xen host.
 *
 * Where the record says deploy=ssh://…, it is that machine's libvirtd (host/virtssh.h), and
 * xen:///system unless a URI without a host is given. One with a host leads where it says.
 * EX_USAGE: virtio, which mirari itself is to run there. */
int virt_find(
    struct virt *v, const struct rec *record, const char *given, struct fault *fault) A_MUST_CHECK;

/* Where that is, for messages: the place, or the URI. */
const char *virt_name(const struct virt *v);

/* Is its libvirtd on this machine? */
bool virt_is_here(const struct virt *v);

/* Adds what leads there: libvirt.uri; or deploy, ssh.config and xen.via. */
int virt_add_place(const struct virt *v, struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Connects. Nothing is asked unless standard input is a terminal. EX_UNAVAILABLE, EX_NOPERM or
 * EX_USAGE, with what to do. */
int virt_open(struct virt *v, struct fault *fault) A_MUST_CHECK;

void virt_close(struct virt *v); /* keeps the URI; may be called twice */
void virt_free(struct virt *v);

/* Has the connection gone? After a failure this tells whether it is worth a new one. */
bool virt_is_lost(const struct virt *v);

/* Waits for events and handles them, at most until `until` (clock_ms; negative: for ever). */
int virt_turn(int64_t until, struct fault *fault) A_MUST_CHECK;

#endif
