/* libvirt's domains: finding one by its name, and which of them are ours. */
#ifndef MIRARI_HOST_VIRTDOMAIN_H
#define MIRARI_HOST_VIRTDOMAIN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/virt.h"

#include <stdbool.h>

/* The domain of that name, or with that UUID; virDomainFree it. EXIT_NO: there is none. */
int virtdomain_find(
    const struct virt *v, const char *name, virDomainPtr *domain, struct fault *fault) A_MUST_CHECK;

/* Its UUID (model/domain.h) or its metadata (render/domxml.h) says so. */
bool virtdomain_is_ours(virDomainPtr domain);

/* The same, but one that isn't ours is EXIT_NO: `verb` ("stop") is what is refused. */
int virtdomain_find_ours(const struct virt *v, const char *name, const char *verb,
    virDomainPtr *domain, struct fault *fault) A_MUST_CHECK;

/* May a domain of this name be started? EX_TEMPFAIL: one of ours runs. EXIT_NO: there is another
 * that has the name, be it that it doesn't run. */
int virtdomain_check_name(const struct virt *v, const char *name, struct fault *fault) A_MUST_CHECK;

/* Appends the domains as a table or as records: ours, or with `all` also those of others and those
 * that don't run. With names only these; those that aren't there are added to `absent`. */
int virtdomain_list(const struct virt *v, const struct strv *names, bool all, bool table,
    struct buf *into, struct strv *absent, struct fault *fault) A_MUST_CHECK;

#endif
