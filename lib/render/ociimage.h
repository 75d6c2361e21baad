/*
 * A unikernel as a container image that the runtime urunc starts.
 *
 * Sources: OCI image-spec 1.1 (image-layout.md, manifest.md, config.md, image-index.md); urunc's
 * pkg/unikontainers/annotations.go (config.go until 2025), from 2025 to 2026: the annotations
 * com.urunc.unikernel.* come from the manifest, or, as long as containerd didn't hand these on,
 * from /urunc.json in the image, where their values are in base64. Arguments are the image's Cmd,
 * and until 2025 an annotation, too, for an image without one.
 */
#ifndef MIRARI_RENDER_OCIIMAGE_H
#define MIRARI_RENDER_OCIIMAGE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "model/image.h"

#include <stdint.h>

enum { OCI_DIGEST = 64 /* hexadecimal digits of a SHA-256 */ };

struct ociimage {
	struct buf name;             /* the unikernel's */
	struct buf binary;           /* its path in the image, as "unikernel/www.hvt" */
	struct buf block;            /* that of a block device's content; empty for none */
	struct buf block_source;     /* and the file that it is made of */
	const char *hypervisor;      /* as urunc calls it */
	const char *architecture;    /* as Go calls it */
	const char *net, *block_dev; /* the devices' names; borrowed; NULL for none */
	const char *reference;       /* REGISTRY/NAME:TAG; borrowed; NULL for none */
	struct strv arguments;       /* escaped for the guest */
	struct strv notes;           /* why urunc can't start it, in sentences */
};

void ociimage_free(struct ociimage *o);

/* The image of a unikernel with what its record says: name, arg, block.DEV.path. `path` is the
 * unikernel's file. EX_DATAERR: nothing that urunc could start, or arguments that can't be told. */
int ociimage_plan(struct ociimage *o, const struct image *image, const char *path,
    const struct rec *record, const char *reference, struct fault *fault) A_MUST_CHECK;

/* A reference to an image, as container tools take it, or NULL; else what is wrong with it. */
const char *ociimage_reference_problem(const char *reference);

/* /urunc.json in the image. */
int ociimage_urunc(const struct ociimage *o, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* A blob, as others refer to it. */
struct ociblob {
	char digest[OCI_DIGEST + 1];
	uint64_t size;
};

/* The image's configuration; the manifest; the index. */
int ociimage_config(const struct ociimage *o, const struct ociblob *layer, struct buf *into,
    struct fault *fault) A_MUST_CHECK;
int ociimage_manifest(const struct ociimage *o, const struct ociblob *config,
    const struct ociblob *layer, struct buf *into, struct fault *fault) A_MUST_CHECK;
int ociimage_index(const struct ociimage *o, const struct ociblob *manifest, struct buf *into,
    struct fault *fault) A_MUST_CHECK;

/* A Deployment for Kubernetes (apps/v1), as YAML, with memory, cpus and http.port of the record. */
int ociimage_deployment(const struct ociimage *o, const struct rec *record, struct buf *into,
    struct fault *fault) A_MUST_CHECK;

#endif
