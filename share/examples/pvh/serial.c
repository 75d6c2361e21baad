#include "pc.h"

#include "port.h"

enum {
	COM1 = 0x3f8,
	DATA = COM1,
	INTERRUPTS = COM1 + 1,
	FIFO = COM1 + 2,
	LINE = COM1 + 3,
	MODEM = COM1 + 4,
	STATUS = COM1 + 5,
	SCRATCH = COM1 + 7,

	RECEIVED = 1,
	ROOM = 0x20,
	EMPTY = 0x40
};

static bool there;

/* 115200 bits a second; an interrupt when something has come. */
void serial_start(void)
{
	port_out(SCRATCH, 0x5a);
	there = port_in(SCRATCH) == 0x5a;
	if (!there)
		return;
	port_out(INTERRUPTS, 0);
	port_out(LINE, 0x80); /* the divisor */
	port_out(DATA, 1);
	port_out(INTERRUPTS, 0);
	port_out(LINE, 3); /* 8 bits */
	port_out(FIFO, 1);
	port_out(MODEM, 0x0b); /* ready, and interrupts go out */
	port_out(INTERRUPTS, 1);
}

bool serial_there(void)
{
	return there;
}

void serial_write(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (!(port_in(STATUS) & ROOM))
			;
		port_out(DATA, (uint8_t)bytes[i]);
	}
}

void serial_drain(void)
{
	while (!(port_in(STATUS) & EMPTY))
		;
}

bool serial_read(char *byte)
{
	if (!(port_in(STATUS) & RECEIVED))
		return false;
	*byte = (char)port_in(DATA);
	return true;
}
