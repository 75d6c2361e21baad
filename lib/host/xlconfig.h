/*
 * What mirari-xl works on: a unikernel's file, its record with what options say, and the domain
 * that these are; and writing that down for xl or libvirt.
 */
#ifndef MIRARI_HOST_XLCONFIG_H
#define MIRARI_HOST_XLCONFIG_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/deviceoption.h"
#include "host/subject.h"
#include "model/domain.h"
#include "render/domxml.h"

struct xlconfig {
	struct subject_request asked;
	const struct deviceoptions *devices; /* --net is a device's bridge */
	const struct strv *more;             /* arguments behind the record's */

	/* found */
	struct subject subject; /* {.fd = -1} at first */
	struct domain domain;
	struct strv warnings; /* for people */
};

void xlconfig_free(struct xlconfig *x);

/* Finds all of it. A file without a record gets its name from the file. EX_USAGE: what is wrong
 * comes from an option. */
int xlconfig_find(struct xlconfig *x, struct fault *fault) A_MUST_CHECK;

/* The driver that --for names ("xen", "qemu", "kvm", "test"). EX_USAGE: there is no such. */
int xlconfig_driver(const char *name, enum domxml_driver *driver, struct fault *fault) A_MUST_CHECK;

/* Publishes the text as a file: readers see the old one or the new one. Only its owner may write
 * it. A device or a pipe that is there is written to. */
int xlconfig_write(const struct buf *text, const char *path, struct fault *fault) A_MUST_CHECK;

#endif
