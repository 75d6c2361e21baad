/* Which program runs a unikernel: solo5-hvt, solo5-spt, or for virtio QEMU. */
#ifndef MIRARI_HOST_TENDER_H
#define MIRARI_HOST_TENDER_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"

#include <stdbool.h>

struct tender_wanted {
	const char *target;    /* hvt, spt or virtio */
	const char *given;     /* its path or name; NULL: it is looked for */
	const char *in_switch; /* an opam switch; NULL: the one that opam has in use */
	const char *dir;       /* where opam looks for it; NULL: here */
};

/* Appends the path of an executable: the one given; else that of the opam switch, else of PATH. A
 * fault (EX_UNAVAILABLE) says where it was looked for, and what installs it. */
int tender_find(
    const struct tender_wanted *wanted, struct buf *path, struct fault *fault) A_MUST_CHECK;

/* Can hvt, which needs it, use KVM? EX_UNAVAILABLE or EX_NOPERM. */
int tender_check_kvm(struct fault *fault) A_MUST_CHECK;

/* May QEMU? It starts in the processor's oldest modes, which KVM on top of a hypervisor that isn't
 * made for that (the module kvm_pvm) has not. */
bool tender_has_kvm(void);

#endif
