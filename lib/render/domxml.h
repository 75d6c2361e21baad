/*
 * A domain (model/domain.h) for libvirt: https://libvirt.org/formatdomain.html. The one place that
 * escapes for XML.
 *
 * Xen's are of type xen (xenpvh or linux), for libvirt's libxl driver; virtio's of type qemu or
 * kvm, with ACPI (without which libvirt can't end it), our own tap, which is left alone
 * (managed='no'), and its serial port's output kept in a file if one is asked for. What is ours
 * says so in its metadata: <mirari:unikernel xmlns:mirari="…">.
 */
#ifndef MIRARI_RENDER_DOMXML_H
#define MIRARI_RENDER_DOMXML_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "model/domain.h"

#include <stdbool.h>

#define DOMXML_NAMESPACE "https://mirari.org/xmlns/domain/1"

/* In that element: nothing in it listens to being asked to end. So it is with Solo5's. */
#define DOMXML_DEAF "shutdown='ignored'"

enum domxml_driver { DOMXML_XEN, DOMXML_QEMU, DOMXML_KVM, DOMXML_TEST };

struct domxml {
	const struct domain *domain;
	enum domxml_driver driver; /* DOMXML_TEST: of type test, else as Xen's */
	const char *log;      /* absolute: where the serial port's output is kept; NULL: nowhere */
	const char *emulator; /* NULL: libvirt finds it */
	const char *socket;   /* QEMU, absolute: where its serial port listens. NULL: it is a
				 pseudo-terminal, of which the last bytes are lost when libvirt hasn't
				 read them by the time that QEMU ends */
};

/* Appends the document. EX_DATAERR: something that XML can't carry. xl.KEY that has no counterpart
 * in it is left out, and said in `warnings`. */
int domxml(const struct domxml *x, struct buf *into, struct strv *warnings,
    struct fault *fault) A_MUST_CHECK;

/* Appends text as it stands in an element or, with quotes escaped as well, in an attribute; -1 when
 * XML can't carry it: a control character, or bytes that aren't UTF-8. */
int xml_text(struct buf *into, const char *text) A_MUST_CHECK;

#endif
