/* What a loader tells. */
#ifndef PVH_BOOT_H
#define PVH_BOOT_H

#include <stdint.h>

struct boot {
	const char *how;          /* "pvh" or "multiboot" */
	const char *command_line; /* never NULL */
	uint32_t memory;          /* KiB; 0 if it isn't told */
};

/* Of what start.S was given. */
struct boot boot_by_pvh(uintptr_t information);
struct boot boot_by_multiboot(uintptr_t information);

#endif
