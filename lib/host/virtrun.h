/*
 * A domain by libvirt from its start to its end, in the foreground: its console is our standard
 * input and output. It is created paused and goes on once its console is open, so that nothing it
 * prints is lost; and it is transient, so that nothing is left of it when it has ended.
 *
 * It isn't bound to us: a connection that is lost, or our own death by SIGKILL, leaves it running,
 * to be found by virtdomain_list. SIGINT, SIGTERM and SIGHUP ask it to end, and destroy it when it
 * doesn't within VIRTLIFE_PATIENCE_MS; a second one does so at once.
 */
#ifndef MIRARI_HOST_VIRTRUN_H
#define MIRARI_HOST_VIRTRUN_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "host/virt.h"
#include "host/virtlife.h"
#include "model/image.h"

#include <stdbool.h>

/* Creates it and leaves it running; appends libvirt.uri, xen.domid and xen.uuid. */
int virtrun_detached(const struct virt *v, const char *name, const char *xml, struct rec *record,
    struct fault *fault) A_MUST_CHECK;

struct virtend {
	bool left;    /* the person has; the domain goes on */
	bool ended;   /* with neither, the console was closed, or nobody reads it */
	bool told_to; /* by a signal, ^C, or whoever reads no more */
	int reason;   /* enum shutdown_reason */
	int told;     /* what its console told (exit_told), or EXIT_UNTOLD */
};

/* Creates it and stays until it has ended. */
int virtrun(struct virt *v, const char *name, const char *xml, virt_note *note, struct virtend *how,
    struct fault *fault) A_MUST_CHECK;

/* The same for one that is there: its console, until it has ended or the person leaves. A
 * signal ends us, and not the domain. `force`: take the console from who has it. */
int virtrun_attach(struct virt *v, virDomainPtr domain, bool force, virt_note *note,
    struct virtend *how, struct fault *fault) A_MUST_CHECK;

/* The exit status that an end is, for what the image is (NULL: unknown). */
int virtrun_status(const struct virtend *how, const struct image *image);

#endif
