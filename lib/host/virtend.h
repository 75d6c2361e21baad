/* Ending domains of libvirt's, and waiting for their end. */
#ifndef MIRARI_HOST_VIRTEND_H
#define MIRARI_HOST_VIRTEND_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/virt.h"
#include "host/virtlife.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtending {
	const char *name; /* borrowed */
	int result;       /* 0, or -1 with a fault */
	bool absent;      /* there is none of that name */
	int reason;       /* enum shutdown_reason: how it ended */
	struct fault fault;
};

/* Asks all of these to end, and destroys those that haven't within so many milliseconds (0: all, at
 * once). Only domains of ours. Fills `each`, of as many as there are names; returns when all have
 * ended. */
void virtend_stop(
    struct virt *v, const struct strv *names, int64_t milliseconds, struct virtending *each);

/* Waits until it has ended, also through the loss of a connection. Sets *reason. */
int virtend_wait(struct virt *v, const char *name, virt_note *note, int *reason,
    struct fault *fault) A_MUST_CHECK;

#endif
