/* What a running instance uses: of its program and of all that this has started. */
#ifndef MIRARI_HOST_INSTANCEUSE_H
#define MIRARI_HOST_INSTANCEUSE_H

#include "host/instance.h"
#include "host/processes.h"

#include <stdbool.h>
#include <stdint.h>

struct instance_use {
	uint64_t uptime_s; /* of the program */
	uint64_t cpu_ms;
	uint64_t memory; /* bytes that are resident */
};

/* From the processes, or for processor time and memory from its control group (cgroup-v2.rst:
 * cpu.stat, memory.current) where it has one. False when it doesn't run. */
bool instance_use(
    const struct instance *i, const struct processes *all, struct instance_use *into) A_MUST_CHECK;

#endif
