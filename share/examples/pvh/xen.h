/*
 * Xen's hypercalls, of which a domain in 32 bits without paging uses these. Addresses in them are
 * then the memory's own. Numbers and structures are those of Xen's public headers, which are named
 * in xen.c.
 */
#ifndef PVH_XEN_H
#define PVH_XEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* public/sched.h, enum sched_shutdown_reason */
enum xen_reason { POWEROFF = 0, REBOOT = 1, SUSPEND = 2, CRASH = 3, WATCHDOG = 4 };

/* public/hvm/params.h */
enum xen_param {
	PARAM_STORE_PFN = 1,
	PARAM_STORE_EVTCHN = 2,
	PARAM_CONSOLE_PFN = 17,
	PARAM_CONSOLE_EVTCHN = 18
};

/* False when this isn't Xen. */
bool xen_start(void);

/* Major << 16 | minor. */
uint32_t xen_version(void);

/* 0 when it isn't set. */
uint32_t xen_param(enum xen_param param);

/* Tells the other side of an event channel. */
void xen_notify(uint32_t port);

/* An event that has been seen. */
void xen_clear(uint32_t port);

/* Waits for an event on one of these, or until then; UINT64_MAX is for ever. Ports that are 0 are
 * left out. */
void xen_poll(const uint32_t *ports, uint32_t count, uint64_t until);

/* Lets others run. */
void xen_yield(void);

/* Nanoseconds since Xen was started. */
uint64_t xen_now(void);

noreturn void xen_shutdown(uint32_t reason);

#endif
