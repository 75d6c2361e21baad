#include "xenstore.h"

#include "text.h"
#include "xen.h"

enum { PAGE = 4096, RING = 1024 };

/* public/io/xs_wire.h, enum xsd_sockmsg_type */
enum { READ = 2, WATCH = 4, WRITE = 11, WATCH_EVENT = 15, ERROR = 16 };

/* struct xenstore_domain_interface: indices count on without end */
struct store {
	char request[RING], reply[RING];
	uint32_t request_taken, request_put, reply_taken, reply_put;
};

/* struct xsd_sockmsg */
struct message {
	uint32_t type, request, transaction, length;
};

/* Relative paths begin at the domain's own directory. */
#define WISH "control/shutdown"

static volatile struct store *ring;
static uint32_t port;
static char answer[64];
static bool listening, changed;

void xenstore_start(void)
{
	port = xen_param(PARAM_STORE_EVTCHN);
	if (port)
		ring = (volatile struct store *)(uintptr_t)(xen_param(PARAM_STORE_PFN) * PAGE);
}

uint32_t xenstore_port(void)
{
	return port;
}

static void put(const void *bytes, uint32_t length)
{
	const char *byte = bytes;

	while (length > 0) {
		xen_clear(port);
		if (ring->request_put - ring->request_taken >= RING) {
			xen_poll(&port, 1, UINT64_MAX);
			continue;
		}
		ring->request[ring->request_put % RING] = *byte++;
		__asm__ volatile("" : : : "memory");
		ring->request_put++;
		length--;
	}
}

/* As much as there is room for; the rest of what comes is dropped. */
static void get(void *into, uint32_t size, uint32_t length)
{
	char *byte = into;

	for (uint32_t i = 0; i < length;) {
		xen_clear(port);
		if (ring->reply_taken == ring->reply_put) {
			xen_poll(&port, 1, UINT64_MAX);
			continue;
		}
		__asm__ volatile("" : : : "memory");
		if (i < size)
			byte[i] = ring->reply[ring->reply_taken % RING];
		i++;
		__asm__ volatile("" : : : "memory");
		ring->reply_taken++;
	}
	xen_notify(port);
}

/* The next message, its text with a NUL behind it. Returns its type. */
static uint32_t receive(void)
{
	struct message message;

	get(&message, sizeof message, sizeof message);
	memset(answer, 0, sizeof answer);
	get(answer, sizeof answer - 1, message.length);
	if (message.type == WATCH_EVENT)
		changed = true;
	return message.type;
}

/* Asks, and waits for the answer. The parts are one after another, with no NUL but those in them.
 * False when it is an error. */
static bool ask(uint32_t type, const char *path, const char *more, uint32_t length)
{
	struct message message = {.type = type, .length = strlen(path) + 1 + length};
	uint32_t got;

	put(&message, sizeof message);
	put(path, strlen(path) + 1);
	put(more, length);
	xen_notify(port);
	while ((got = receive()) == WATCH_EVENT)
		;
	return got == type;
}

void xenstore_listen(void)
{
	if (!ring)
		return;
	listening = ask(WATCH, WISH, "wish", sizeof "wish");
	/* so that who asks can know beforehand that it will be heard */
	ask(WRITE, "control/feature-poweroff", "1", 1);
	ask(WRITE, "control/feature-reboot", "1", 1);
}

const char *xenstore_wish(void)
{
	static char wish[sizeof answer];

	if (!listening)
		return NULL;
	xen_clear(port);
	while (ring->reply_taken != ring->reply_put)
		receive();
	if (!changed)
		return NULL;
	changed = false;
	if (!ask(READ, WISH, "", 0) || !*answer)
		return NULL;
	memcpy(wish, answer, sizeof wish);
	ask(WRITE, WISH, "", 0);
	return wish;
}
