/*
 * A virtual machine as a hypervisor's tools are told of it: from a record and what its kernel's
 * file is (model/image.h). render/xlfile.h writes it for xl, render/domxml.h for libvirt.
 *
 * xl.KEY of the record (model/xlvalue.h) comes before what else it says: xl.name, xl.uuid, xl.type,
 * xl.kernel, xl.memory and xl.vcpus are the domain's own, so that who starts, finds and ends it
 * speaks of the same one. The rest of them is left to the renderings. Of what is
 * for QEMU only xl.name and xl.uuid count.
 *
 * What the record doesn't say: 32 MiB of memory, one processor; it is destroyed when it ends, in
 * whatever way, since starting it again is mirari-supervise's. A network device's MAC address is
 * that of model/netdev.h; block devices are xvda, xvdb and so on in their order, but for one that
 * is called like such a disk itself.
 *
 * Its UUID is made from its name (which no two domains of a host share), of version 8 (RFC 9562)
 * with a beginning of our own, so that a domain can be told to be ours where nothing else can be
 * attached to it: 4d697261-7269-8….
 */
#ifndef MIRARI_MODEL_DOMAIN_H
#define MIRARI_MODEL_DOMAIN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "model/image.h"
#include "model/netdev.h"

#include <stdbool.h>
#include <stddef.h>

enum { DOMAIN_MEMORY_DEFAULT = 32 /* MiB */, DOMAIN_UUID_LENGTH = 36 };
#define DOMAIN_UUID_OURS "4d697261-7269-8"

enum domain_type {
	DOMAIN_PVH,
	DOMAIN_PV,
	DOMAIN_QEMU /* a virtio unikernel, by libvirt's qemu driver */
};

struct domain_disk {
	char *name;     /* the device: owned by the domain, as what follows */
	char *path;     /* absolute */
	char device[8]; /* "xvda" */
};

struct domain {
	enum domain_type type;
	const char *name; /* belongs to the domain, or the record */
	char uuid[DOMAIN_UUID_LENGTH + 1];
	struct buf kernel;  /* absolute */
	bool kernel_other;  /* it is xl.kernel, and that isn't the file that was looked at */
	bool kernel_moved;  /* to be set by who changes `kernel` afterwards, since it is a copy on
			       another machine: xl.kernel isn't written then */
	struct buf cmdline; /* arguments as the guest splits them again (render/guestargs.h makes
			       it); may be empty */
	unsigned memory;    /* MiB */
	unsigned cpus;
	struct netdevs nets;
	struct domain_disk *disks; /* owned */
	size_t disk_count;
	const struct rec *record;  /* borrowed */
	const struct image *image; /* borrowed */
	struct rec xl;             /* its xl.* that count, checked */
	struct buf given_name;     /* xl.name */
};

void domain_free(struct domain *d);

/* Fills it (zeroed) in from a checked record; `kernel` is the file's path, made absolute from
 * `here` (an absolute directory). The command line is left empty: see domain_arguments
 * (render/xlfile.h). A kernel that no such hypervisor starts is EX_DATAERR, and named as what it
 * is; so is a record whose devices contradict themselves. PVH wins over PV where a file can do
 * both. */
int domain_make(struct domain *d, const struct rec *record, const struct image *image,
    const char *kernel, const char *here, struct fault *fault) A_MUST_CHECK;

/* Only what a domain is found by, which needs no kernel: appends its name, and sets its UUID.
 * EX_DATAERR: there is no name, or none that xl tells from a number; or a UUID that is none. */
int domain_identify(const struct rec *record, struct buf *name, char uuid[DOMAIN_UUID_LENGTH + 1],
    struct fault *fault) A_MUST_CHECK;

/* The UUID of a domain of ours that has this name. */
void domain_uuid(const char *name, char into[DOMAIN_UUID_LENGTH + 1]);

/* Is it one that we have made? In lower or upper case. */
bool domain_uuid_is_ours(const char *uuid);

#endif
