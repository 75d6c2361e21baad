/* Intel's manual, volume 3, chapter 6. */
#include "traps.h"

#include "machine.h"
#include "text.h"

enum {
	TRAP_SIZE = 16, /* bytes of each in start.S */
	CODE_SEGMENT = 8,
	INTERRUPT_GATE = 0x8e00 /* present, 32 bits, interrupts are off behind it */
};

struct gate {
	uint16_t low, segment, type, high;
};

extern const uint8_t traps[]; /* start.S */
noreturn void guest_trapped(uint32_t number, uint32_t first, uint32_t second);

static struct gate gates[TRAPS];

static void load(uint32_t size)
{
	struct {
		uint16_t limit;
		uint32_t address;
	} __attribute__((packed)) pointer = {(uint16_t)(size - 1), (uintptr_t)gates};

	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static void set(uint32_t number, uintptr_t address)
{
	gates[number] = (struct gate){
	    (uint16_t)address, CODE_SEGMENT, INTERRUPT_GATE, (uint16_t)(address >> 16)};
}

void traps_start(void)
{
	for (uint32_t i = 0; i < TRAPS_EXCEPTIONS; i++)
		set(i, (uintptr_t)traps + i * TRAP_SIZE);
	load(sizeof gates);
}

void traps_set(uint32_t number, void (*handler)(void))
{
	set(number, (uintptr_t)handler);
}

void traps_fatal(void)
{
	load(1);
	__asm__ volatile("int3");
}

noreturn void guest_trapped(uint32_t number, uint32_t code, uint32_t address)
{
	say("exception %u, code 0x%x, at 0x%x\n", number, code, address);
	machine_exit(CRASH);
}
