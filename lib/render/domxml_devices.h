/* Among domxml.c and domxml_devices.c: what stands in <devices>. */
#ifndef MIRARI_RENDER_DOMXML_DEVICES_H
#define MIRARI_RENDER_DOMXML_DEVICES_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "render/domxml.h"

#include <stdbool.h>

/* Is it QEMU that emulates a machine, and not Xen? */
bool domxml_is_qemu(const struct domxml *x);

/* Appends the text; EX_DATAERR, with what it is, when XML can't carry it. */
int domxml_add(
    struct buf *into, const char *what, const char *text, struct fault *fault) A_MUST_CHECK;

/* Appends all of the devices but for QEMU itself. */
int domxml_devices(const struct domxml *x, struct buf *into, struct strv *warnings,
    struct fault *fault) A_MUST_CHECK;

#endif
