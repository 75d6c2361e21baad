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

/* False only when it is known that there is none. */
bool virtdomain_is_there(const struct virt *v, const char *name);

/* Its UUID (model/domain.h) or its metadata (render/domxml.h) says so. */
bool virtdomain_is_ours(virDomainPtr domain);

/* The same, but one that isn't ours is EXIT_NO: `verb` ("stop") is what is refused. */
int virtdomain_find_ours(const struct virt *v, const char *name, const char *verb,
    virDomainPtr *domain, struct fault *fault) A_MUST_CHECK;

/* May a domain of this name be started? EX_TEMPFAIL: one of ours runs. EXIT_NO: there is another
 * that has the name, be it that it doesn't run. */
int virtdomain_check_name(const struct virt *v, const char *name, struct fault *fault) A_MUST_CHECK;

struct virtlist {
	const struct strv *names; /* only these; may be empty */
	bool all;                 /* else without names, also those of others, and that don't run */
	bool table;               /* else records */
	const char *get;          /* of records only the values of this key; NULL: all */
	struct buf text;          /* appended to */
	struct strv absent;       /* names that aren't there */
};

void virtlist_free(struct virtlist *l);

int virtdomain_list(const struct virt *v, struct virtlist *l, struct fault *fault) A_MUST_CHECK;

#endif
