#include "console.h"

#include "xen.h"

enum { PAGE = 4096, IN = 1024, OUT = 2048 };

/* Indices count on without end; what is at one is at its remainder. */
struct console {
	char in[IN], out[OUT];
	uint32_t in_taken, in_put, out_taken, out_put;
};

static volatile struct console *ring;
static uint32_t port;

void console_start(void)
{
	port = xen_param(PARAM_CONSOLE_EVTCHN);
	if (port)
		ring = (volatile struct console *)(uintptr_t)(xen_param(PARAM_CONSOLE_PFN) * PAGE);
}

bool console_there(void)
{
	return ring != NULL;
}

uint32_t console_port(void)
{
	return port;
}

/* The other side is told, and has `fill` bytes at most to take when this is over. It has no other
 * way of being waited for than its event, which is cleared in front of the look. */
static void wait_for(uint32_t fill)
{
	xen_notify(port);
	for (;;) {
		xen_clear(port);
		if (ring->out_put - ring->out_taken <= fill)
			break;
		xen_poll(&port, 1, UINT64_MAX);
	}
}

void console_write(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (ring->out_put - ring->out_taken >= OUT)
			wait_for(OUT / 2);
		ring->out[ring->out_put % OUT] = bytes[i];
		__asm__ volatile("" : : : "memory"); /* first the byte, then what says so */
		ring->out_put++;
	}
}

void console_flush(void)
{
	xen_notify(port);
}

void console_drain(void)
{
	wait_for(0);
}

bool console_read(char *byte)
{
	xen_clear(port);
	if (ring->in_taken == ring->in_put)
		return false;
	__asm__ volatile("" : : : "memory");
	*byte = ring->in[ring->in_taken % IN];
	__asm__ volatile("" : : : "memory");
	ring->in_taken++;
	if (ring->in_taken == ring->in_put)
		xen_notify(port); /* there is room again */
	return true;
}
