/* Options --net DEVICE=…, --mac DEVICE=…, --block DEVICE=… and --memory: what they say of a
 * record's devices. */
#ifndef MIRARI_HOST_DEVICEOPTION_H
#define MIRARI_HOST_DEVICEOPTION_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

struct deviceoptions {
	struct strv nets, macs, blocks; /* DEVICE=VALUE */
	const char *memory;             /* NULL: as the record says */
};

void deviceoptions_free(struct deviceoptions *o);

/* Puts it behind what the record says, where it counts: net.DEVICE.TO for --net ("tap", "bridge"),
 * net.DEVICE.mac, block.DEVICE.path, memory; then the record is checked. A relative path is as seen
 * from here, even if the record's begin at its project. EX_USAGE. */
int deviceoptions_apply(const struct deviceoptions *o, const char *to, struct rec *record,
    struct fault *fault) A_MUST_CHECK;

#endif
