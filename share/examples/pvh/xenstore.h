/*
 * A client of xenstore, for one thing: what the domain is asked to do. `xl shutdown` and `virsh
 * shutdown` write a word into the domain's control/shutdown; the domain takes it away as a sign
 * that it has seen it, and obeys. Sources: Xen's docs/misc/xenstore.txt and xenstore-paths.pandoc,
 * and public/io/xs_wire.h.
 */
#ifndef PVH_XENSTORE_H
#define PVH_XENSTORE_H

#include <stdbool.h>
#include <stdint.h>

/* Connects, if there is one. Nothing is watched yet. */
void xenstore_start(void);

/* 0 when there is none. */
uint32_t xenstore_port(void);

/* From now on, what control/shutdown says is looked at. */
void xenstore_listen(void);

/* What is wanted: "poweroff", "reboot", …; NULL when nothing is. It has been taken away then, and
 * stays in memory until the next call. */
const char *xenstore_wish(void);

#endif
