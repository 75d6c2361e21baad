/*
 * What xl needs to make a domain, put where it runs: here nothing is copied, and its file is in
 * memory; on another machine (host/remotefile.h) there are the kernel, unless the same is there
 * already, and xl's file.
 */
#ifndef MIRARI_HOST_XLDEPLOY_H
#define MIRARI_HOST_XLDEPLOY_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/xenhost.h"
#include "model/domain.h"

#include <stdbool.h>
#include <stdint.h>

struct xldeploy {
	struct domain *domain; /* borrowed; its kernel becomes the path where it runs */
	int kernel;            /* its file, open; borrowed */
	void (*progress)(uint64_t done, uint64_t total); /* may be NULL */

	/* by xldeploy */
	struct buf file;   /* what xl is given */
	struct buf errors; /* where it writes what it has to say; empty: here */
	bool sent;         /* the kernel was */
	struct strv warnings;
	int memory; /* a file's descriptor; -1: none */
};

void xldeploy_free(struct xldeploy *d);

int xldeploy(struct xldeploy *d, const struct xenhost *h, struct fault *fault) A_MUST_CHECK;

/* The kernel alone, to a machine where libvirt makes the domain: its path there is appended. */
int xldeploy_kernel(struct xldeploy *d, const struct sshlink *l, struct buf *into,
    struct fault *fault) A_MUST_CHECK;

#endif
