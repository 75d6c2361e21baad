/*
 * What went wrong with a network interface, for people: each step and errno has a sentence and a
 * command. mirari-tap(1) has the same table; t/unit/taperror.c compares them.
 */
#ifndef MIRARI_HOST_TAPERROR_H
#define MIRARI_HOST_TAPERROR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

enum tap_step {
	TAP_OPEN,    /* open /dev/net/tun */
	TAP_CREATE,  /* TUNSETIFF of a new name */
	TAP_ATTACH,  /* TUNSETIFF of one that is there */
	TAP_OWN,     /* TUNSETOWNER, TUNSETGROUP */
	TAP_PERSIST, /* TUNSETPERSIST */
	TAP_SET,     /* RTM_SETLINK: mark, MTU, up */
	TAP_ADDRESS, /* RTM_NEWADDR, RTM_DELADDR */
	TAP_BRIDGE,  /* RTM_NEWLINK of a bridge */
	TAP_PORT,    /* RTM_SETLINK: into a bridge */
	TAP_DELETE   /* RTM_DELLINK */
};

struct tap_about {
	enum tap_step step;
	const char *name;   /* the interface */
	const char *detail; /* an address, a bridge, …; may be NULL */
};

/* Fills the fault and returns -1. `kernel` is what the kernel said itself, may be NULL or empty. */
int tap_fault(const struct tap_about *about, int error, const char *kernel, struct fault *fault);

/* The table as lines "STEP TAB ERRNO TAB SENTENCE TAB COMMAND", NAME and DETAIL standing for what
 * they are. */
void tap_faults_list(struct buf *into);

#endif
