/*
 * What libvirt is to start: a unikernel's file, its record with what options say, the domain that
 * these are, and libvirt's XML of it.
 */
#ifndef MIRARI_HOST_VIRTPLAN_H
#define MIRARI_HOST_VIRTPLAN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/deviceoption.h"
#include "host/subject.h"
#include "host/virt.h"
#include "model/domain.h"

struct virtplan {
	struct subject_request asked;
	const struct deviceoptions *devices; /* --net is a tap for virtio, a bridge for Xen */
	const struct strv *more;             /* arguments behind the record's */
	const char *accel;                   /* "kvm" or "tcg", for virtio; NULL: what can be had */
	const char *log; /* where the serial port's output is kept, too; NULL: nowhere */

	/* found */
	struct subject subject; /* {.fd = -1} at first */
	struct domain domain;
	struct strv warnings; /* for people */
	struct buf xml;
};

void virtplan_free(struct virtplan *p);

/* Finds the file and all but the XML. A file without a name in a record gets one from the file.
 * EX_USAGE: what is wrong comes from an option. */
int virtplan_find(struct virtplan *p, struct fault *fault) A_MUST_CHECK;

/* Brings the kernel to the machine that the connection leads to by our own ssh, where the domain is
 * to find it; nothing for others. */
int virtplan_bring(struct virtplan *p, const struct virt *v, struct fault *fault) A_MUST_CHECK;

/* Writes the XML for the connection's driver. EX_DATAERR: it doesn't run such a unikernel. */
int virtplan_write(struct virtplan *p, const struct virt *v, struct fault *fault) A_MUST_CHECK;

#endif
