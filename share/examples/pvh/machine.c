#include "machine.h"

#include "console.h"
#include "pc.h"
#include "text.h"
#include "xenstore.h"

static bool on_xen;

void machine_start(void)
{
	on_xen = xen_start();
	if (on_xen) {
		console_start();
		xenstore_start();
	} else {
		pc_start();
	}
	serial_start();
}

void machine_describe(void)
{
	if (on_xen)
		say("xen %u.%u", xen_version() >> 16, xen_version() & 0xffff);
	else
		say("pc");
}

void machine_write(const void *bytes, size_t length)
{
	if (console_there())
		console_write(bytes, length);
	if (serial_there())
		serial_write(bytes, length);
}

void machine_flush(void)
{
	if (console_there())
		console_flush();
}

bool machine_read(char *byte)
{
	return (console_there() && console_read(byte)) || (serial_there() && serial_read(byte));
}

uint64_t machine_now(void)
{
	return on_xen ? xen_now() : pc_now();
}

/*
 * On Xen by SCHEDOP_poll, which ends when one of these event channels has an event, or at a time:
 * there is then no need for interrupts, nor for a timer, and the domain doesn't run at all until
 * there is something to do. (SCHEDOP_block ends by interrupts only.) Nothing can be missed between
 * a look at the rings and this: an event stays pending until it is cleared, which is done in front
 * of that look. A serial port beside Xen's console has to be looked at from time to time.
 */
static void xen_wait(uint64_t until)
{
	const uint64_t serial = 20000000;
	uint32_t ports[] = {console_port(), xenstore_port()};

	if (serial_there() && until > xen_now() + serial)
		until = xen_now() + serial;
	xen_poll(ports, 2, until);
}

void machine_wait(uint64_t until)
{
	if (on_xen)
		xen_wait(until);
	else
		pc_wait(until);
}

noreturn void machine_exit(uint32_t reason)
{
	if (console_there())
		console_drain();
	if (serial_there())
		serial_drain();
	if (on_xen)
		xen_shutdown(reason);
	pc_exit(reason);
}
