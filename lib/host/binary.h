/* The record of a unikernel that is there as a file alone, without a configuration. */
#ifndef MIRARI_HOST_BINARY_H
#define MIRARI_HOST_BINARY_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "model/image.h"

#include <stdbool.h>

/* Is it meant to be a unikernel, and none of our configurations? So it is when its name ends in
 * .hvt, .spt, .virtio or .xen, whatever is in it, or when it begins as no text does. */
bool binary_is_one(const char *path);

/* Appends a name for it, which is a VALUE_NAME (model/value.h): the file's without .hvt and the
 * like, and a '-' for what that can't have. */
void binary_name(const char *path, struct buf *into);

/* Makes the record, with the file's absolute path as its artifact. Its name is `name`, or if that
 * is NULL that of binary_name. Settings are KEY=VALUE, as by --set. A network
 * device for which they give neither host, bridge nor tap gets what a unikernel needs to be reached
 * and to reach out: an address of the host's (host/subnet.h), DHCP and NAT. Devices without a
 * counterpart are a fault. A program is unix-socket, unless they say that its target is
 * unix-direct.
 *
 * What is deployed elsewhere gets nothing of this machine: the mirari there gives it its network, a
 * Xen host the bridge that xl puts domains into.
 */
int binary_describe(const char *path, const char *name, const struct strv *settings,
    struct image *image, struct rec *record, struct fault *fault) A_MUST_CHECK;

#endif
