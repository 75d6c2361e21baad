/* Exceptions and interrupts of a 64-bit processor. The tender's and the loader's own descriptor
 * table is in memory that isn't the guest's, so it needs one, too. */
#include "guest.h"

struct pointer {
	uint16_t limit;
	const void *base;
} __attribute__((packed));

struct gate {
	uint16_t low, selector, type, middle;
	uint32_t high, zero;
};

/* nothing, code, data; marked as used already, or the processor would write that */
uint64_t traps_segments[] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff};
const struct pointer traps_segments_pointer = {sizeof traps_segments - 1, traps_segments};
static struct gate gates[33];
static const struct pointer gates_pointer = {sizeof gates - 1, gates};

/* It doesn't return, so it needs none of what is on the stack, which isn't the same for all. */
static void trap(void)
{
	say("Solo5: ABORT: trap\n");
	platform_exit(EXIT_ABORT);
}

void traps_gate(unsigned vector, uintptr_t handler)
{
	gates[vector] = (struct gate){
	    (uint16_t)handler, 8, 0x8e00, (uint16_t)(handler >> 16), (uint32_t)(handler >> 32), 0};
}

void traps_start(void)
{
	for (unsigned vector = 0; vector < 32; vector++)
		traps_gate(vector, (uintptr_t)trap);
	__asm__ volatile("lgdt (%0)" : : "a"(&traps_segments_pointer) : "memory");
	__asm__ volatile("lidt (%0)" : : "a"(&gates_pointer) : "memory");
}
