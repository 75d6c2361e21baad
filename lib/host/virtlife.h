/*
 * One domain of libvirt's, watched until it has ended: by its lifecycle events, and where the
 * connection is lost, by looking again once there is one.
 */
#ifndef MIRARI_HOST_VIRTLIFE_H
#define MIRARI_HOST_VIRTLIFE_H

#include "core/attr.h"
#include "core/fault.h"
#include "host/virt.h"
#include "model/shutdown.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	VIRTLIFE_PATIENCE_MS = 5000 /* for a domain that was asked to end; few unikernels listen */
};

/* For people, as say_note. */
typedef void virt_note(const char *format, ...) A_PRINTF(1, 2);

struct virtlife {
	struct virt *virt; /* borrowed; open */
	bool stay;         /* when the connection is lost, try again until there is one */
	virt_note *note;   /* what is said of that; NULL: nothing */

	const char *name; /* borrowed */
	unsigned char uuid[VIR_UUID_BUFLEN];
	virDomainPtr domain; /* NULL while there is no connection */
	bool ended;
	int reason; /* enum shutdown_reason; SHUTDOWN_UNKNOWN when nobody saw it */

	/* the module's own */
	int callback;
	bool deaf;
	bool stopping;
	int64_t patience_ms;
	int64_t destroy_at; /* clock_ms, as what follows */
	int64_t give_up_at;
	int64_t again_at;
	unsigned pause_s;
};

/* Takes the domain, which is freed with it, and begins to watch. */
int virtlife_start(struct virtlife *l, virDomainPtr domain, struct fault *fault) A_MUST_CHECK;
void virtlife_free(struct virtlife *l);

enum virtlife_news { VIRTLIFE_SAME, VIRTLIFE_LOST, VIRTLIFE_BACK };

/* Handles events, at most until `until` (clock_ms; negative: no limit of the caller's). Tells
 * whether the connection has been lost, or is there again. EX_UNAVAILABLE: it is lost, and there
 * is none to be had soon enough. */
int virtlife_turn(
    struct virtlife *l, int64_t until, enum virtlife_news *news, struct fault *fault) A_MUST_CHECK;

/* Asks it to end, and destroys it (in virtlife_turn) when it hasn't done so in that time. A second
 * call only makes it sooner. Without a connection one is waited for a while, since the signal that
 * tells us to end may have ended its ssh, too; a second call ends that.
 *
 * libvirt's Xen driver waits a minute for a guest that doesn't answer, and lets nobody else at it
 * meanwhile: one that is known not to listen (DOMXML_DEAF) isn't asked there. */
void virtlife_stop(struct virtlife *l, int64_t milliseconds);

/* Why it ended, by the detail of libvirt's event of that (VIR_DOMAIN_EVENT_STOPPED_*). */
enum shutdown_reason virtlife_reason(int detail);

#endif
