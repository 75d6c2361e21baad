/* What a program may use of the machine at most, as people write it. */
#ifndef MIRARI_MODEL_LIMITS_H
#define MIRARI_MODEL_LIMITS_H

#include "core/attr.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* Processors that a list may name: the largest number of them that Linux is built for. */
enum { LIMITS_PROCESSORS = 8192 };

struct processors {
	cpu_set_t sets[LIMITS_PROCESSORS / CPU_SETSIZE]; /* one large set, for the CPU_*_S macros */
};

struct limits {
	uint64_t memory;    /* bytes; 0: no limit */
	uint64_t cpus;      /* thousandths of a processor; 0: no limit */
	const char *cpuset; /* which processors, as Linux has such lists; NULL: any; borrowed */
	struct processors processors; /* the same */
};

/* 2, 0.5, 1.25: from a hundredth of a processor, below which the kernel takes no quota. */
bool limits_cpus(const char *text, uint64_t *thousandths) A_MUST_CHECK;

/* 0-3,8 (cpuset(7), "List format", without strides). */
bool limits_cpuset(const char *text, struct processors *into) A_MUST_CHECK;

#endif
