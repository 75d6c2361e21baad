#include "pc.h"

#include "port.h"
#include "traps.h"
#include "xen.h"

enum {
	PIC1 = 0x20,
	PIC2 = 0xa0,
	PIT = 0x40,
	PIT_FREQUENCY = 1193182, /* a second */
	TICKS = 100,             /* a second */
	TICK = 1000000000 / TICKS,

	TIMER = TRAPS_EXCEPTIONS,
	SERIAL = TRAPS_EXCEPTIONS + 4,

	DEBUG_EXIT = 0x501,   /* QEMU's isa-debug-exit, by default */
	DEBUG_EXIT_2 = 0xf4,  /* where many put it instead */
	DEBUG_EXIT_GOOD = 41, /* for 0, which it can't tell; as Solo5 does */
	POWER = 0x604,        /* ACPI's, where SeaBIOS has it */
	POWER_OFF = 0x2000,
	KEYBOARD = 0x64,
	KEYBOARD_RESET = 0xfe
};

/* start.S */
void interrupt_timer(void);
void interrupt_other(void);
volatile uint32_t pc_ticks;

void pc_start(void)
{
	static const uint8_t words[] = {0x11, 0, 4, 1}; /* begin; vector; wiring; 8086 */

	for (uint32_t i = TRAPS_EXCEPTIONS; i < TRAPS; i++)
		traps_set(i, interrupt_other);
	traps_set(TIMER, interrupt_timer);
	for (uint32_t i = 0; i < sizeof words; i++) {
		port_out(i ? PIC1 + 1 : PIC1, i == 1 ? TRAPS_EXCEPTIONS : words[i]);
		port_out(i ? PIC2 + 1 : PIC2, i == 1   ? TRAPS_EXCEPTIONS + 8
					      : i == 2 ? 2
						       : words[i]);
	}
	port_out(PIC1 + 1,
	    (uint8_t) ~(1 << (TIMER - TRAPS_EXCEPTIONS) | 1 << (SERIAL - TRAPS_EXCEPTIONS)));
	port_out(PIC2 + 1, 0xff);
	port_out(PIT + 3, 0x34); /* counter 0, both bytes, again and again */
	port_out(PIT, PIT_FREQUENCY / TICKS & 0xff);
	port_out(PIT, PIT_FREQUENCY / TICKS >> 8);
}

/* Interrupts are on only while there is nothing to do, so that none is missed between a look and
 * the hlt: sti has them wait for one more instruction. */
void pc_wait(uint64_t until)
{
	if (pc_now() < until)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

uint64_t pc_now(void)
{
	return (uint64_t)pc_ticks * TICK;
}

static void reset(void)
{
	port_out(KEYBOARD, KEYBOARD_RESET);
	traps_fatal();
}

noreturn void pc_exit(uint32_t reason)
{
	uint8_t status = reason == POWEROFF ? DEBUG_EXIT_GOOD : (uint8_t)reason;

	port_out(DEBUG_EXIT, status);
	port_out(DEBUG_EXIT_2, status);
	if (reason == POWEROFF)
		port_out_16(POWER, POWER_OFF);
	if (reason == REBOOT)
		reset();
	for (;;)
		__asm__ volatile("cli; hlt");
}
