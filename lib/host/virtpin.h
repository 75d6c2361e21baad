/*
 * Keeping libvirtd alive: a domain whose console it streams is defined for that time.
 *
 * A transient domain goes from libvirtd's list when it ends. libvirtd closes the streams of its
 * console then, in one thread, while another sees the end of the pseudo-terminal and closes the
 * same stream: each has the lock that the other waits for, and libvirtd does nothing any more until
 * it is started again (seen with 9.0: Xen, half of all ends). A domain that is also defined stays
 * in the list, and its stream is closed by one thread alone.
 *
 * What is defined for that says so in its metadata, so that it is told from what people define. One
 * of these is left when we are killed; it goes with the next run, stop or destroy of the name.
 */
#ifndef MIRARI_HOST_VIRTPIN_H
#define MIRARI_HOST_VIRTPIN_H

#include "core/attr.h"
#include "core/fault.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>

#define VIRTPIN_NAMESPACE "https://mirari.org/xmlns/console/1"

/* Before a stream of its console is opened. A domain that is defined already is left as it is. */
int virtpin(virDomainPtr domain, struct fault *fault) A_MUST_CHECK;

/* Once there is none any more: takes the definition away, if it is one of these. */
void virtpin_release(virDomainPtr domain);

/* Is it all that there is: one of these, of a domain that has ended? */
bool virtpin_is_left(virDomainPtr domain);

#endif
