/*
 * The command that runs a Solo5 unikernel: solo5-hvt's and solo5-spt's (their --help, Solo5 0.4 to
 * 0.12), and for virtio QEMU's (qemu(1), QEMU 4 and later).
 *
 * A unikernel gets one line of text (render/guestargs.h). Tenders put their words together with
 * blanks, QEMU takes the line as it is.
 */
#ifndef MIRARI_RENDER_SOLO5ARGV_H
#define MIRARI_RENDER_SOLO5ARGV_H

#include "core/strv.h"
#include "model/image.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SOLO5_VIRTIO_DEVICES = 30, /* of 32 PCI slots the first two are the machine's own */
	SOLO5_MEMORY_DEFAULT = 512 /* MiB; as the tenders have it */
};

struct solo5_device {
	enum image_device_type type;
	const char *name;
	const char *tap, *mac; /* mac may be NULL: one by chance, or QEMU's own */
	unsigned mtu;          /* the tap's; 0 is not known. For QEMU, tenders ask the tap */
	const char *path;
	unsigned sector; /* 0: 512 */
};

struct solo5_command {
	const char *target; /* hvt, spt or virtio */
	const char *tender; /* the program */
	const char *kernel;
	const char *log;                    /* virtio: where the console goes, too; may be NULL */
	bool kvm;                           /* virtio */
	unsigned memory;                    /* MiB, by solo5_memory() */
	const struct solo5_device *devices; /* all of the manifest's, in its order */
	size_t device_count;
	const struct strv *arguments; /* by guestargs_escape() */
};

/* MiB as the tender wants it: hvt maps pages of 2 MiB, and rounds down itself. */
unsigned solo5_memory(const char *target, unsigned memory);

/* Adds the words. Each device has its tap or path. */
void solo5_argv(const struct solo5_command *command, struct strv *into);

/* Does the text have a blank? No tender takes a path with one (they scan it by %s), nor does virtio
 * (its bindings take what is behind the first blank of QEMU's line, which begins with the path). */
bool solo5_has_blank(const char *path);

#endif
