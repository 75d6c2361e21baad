/*
 * On QEMU's `pc` (or what is like it): the serial port, PCI, and virtio 0.9.5 devices, the "legacy"
 * interface of Virtio 1.2 (4.1.4.8 and what else of it says so). One timer interrupt tells the time
 * and has waiting end; at that, devices are looked at. Descriptor tables are never full.
 */
#include "guest.h"

enum { COM1 = 0x3f8, PIC1 = 0x20, PIC2 = 0xa0, PIT = 0x40, PCI = 0xcf8 };
enum { TICKS = 250, PIT_FREQUENCY = 1193182, TIMER = 32, RECEIVE_BUFFERS = 16, QUEUE_MAX = 256 };
enum {
	FEATURES = 0,
	ACCEPTED = 4,
	ADDRESS = 8,
	SIZE = 12,
	SELECT = 14,
	NOTIFY = 16,
	STATUS = 18,
	CONFIG = 20
};
enum { NET_MTU = 1 << 3, NET_MAC = 1 << 5, HEADER = 10, MORE = 1, DEVICE_WRITES = 2 };
enum { FOUND = 1, DRIVER = 2, READY = 4 };

struct queue {
	uint16_t port, number, size, seen;
	struct descriptor {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} * descriptors;
	volatile struct {
		uint16_t flags, index, ring[];
	} * available;
	volatile struct {
		uint16_t flags, index;
		struct {
			uint32_t id, length;
		} ring[];
	} * used;
};

struct buffer {
	uint8_t header[HEADER], frame[FRAME_MAX];
};

volatile uint64_t ticks; /* boot_virtio.S counts them */
void tick(void);
static const struct entry *net, *block;
static struct queue receiving, sending, requests;
static uint8_t memory[3][3 * 4096] __attribute__((aligned(4096)));
static struct buffer received[RECEIVE_BUFFERS], sent;

#define PORT(type, letter) \
	static inline type in_##letter(unsigned port) \
	{ \
		type value; \
		__asm__ volatile("in" #letter " %w1, %0" : "=a"(value) : "Nd"(port) : "memory"); \
		return value; \
	} \
	static inline void out_##letter(unsigned port, type value) \
	{ \
		__asm__ volatile("out" #letter " %0, %w1" : : "a"(value), "Nd"(port) : "memory"); \
	}
PORT(uint8_t, b)
PORT(uint16_t, w)
PORT(uint32_t, l)

/* ---- the machine --------------------------------------------------------------------------------
 */

void platform_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		while (!(in_b(COM1 + 5) & 0x20))
			;
		out_b(COM1, (uint8_t)text[i]);
	}
}

int platform_typed(void)
{
	return in_b(COM1 + 5) & 1 ? in_b(COM1) : -1;
}

/* Solo5's way, whatever the status: QEMU's isa-debug-exit (which makes it 41 * 2 + 1 = 83), then
 * ACPI's power off, where QEMU has that, then a halt. */
noreturn void platform_exit(int status)
{
	(void)status;
	out_w(0x501, 41);
	out_w(0x604, 0x2000);
	for (;;)
		__asm__ volatile("cli; hlt");
}

uint64_t platform_now(void)
{
	return ticks * (SECOND / TICKS);
}

static bool has_frame(void)
{
	return net && receiving.seen != receiving.used->index;
}

void platform_wait(uint64_t until)
{
	while (platform_now() < until && !has_frame())
		__asm__ volatile("hlt" : : : "memory");
}

static void start_timer(void)
{
	static const uint8_t words[] = {0x11, TIMER, 4, 1}; /* initialise; vector; wiring; 8086 */

	for (unsigned i = 0; i < sizeof words; i++) {
		out_b(i ? PIC1 + 1 : PIC1, words[i]);
		out_b(i ? PIC2 + 1 : PIC2, i == 1 ? TIMER + 8 : i == 2 ? 2 : words[i]);
	}
	out_b(PIC1 + 1, 0xfe);
	out_b(PIC2 + 1, 0xff);
	out_b(PIT + 3, 0x34); /* counter 0, both bytes, again and again */
	out_b(PIT, PIT_FREQUENCY / TICKS & 255);
	out_b(PIT, PIT_FREQUENCY / TICKS >> 8);
	traps_gate(TIMER, (uintptr_t)tick);
	__asm__ volatile("sti");
}

/* ---- queues -------------------------------------------------------------------------------------
 */

static void queue_start(struct queue *queue, uint16_t port, uint16_t number)
{
	static unsigned count;
	uint8_t *at = memory[count++];
	size_t size;

	out_w(port + SELECT, number);
	size = in_w(port + SIZE);
	if (size == 0 || size > QUEUE_MAX)
		guest_abort("a queue's size is not one of ours");
	queue->port = port;
	queue->number = number;
	queue->size = (uint16_t)size;
	queue->descriptors = (void *)at;
	queue->available = (void *)(at + 16 * size);
	queue->used = (void *)(((uintptr_t)at + 16 * size + 6 + 2 * size + 4095) & ~4095ul);
	queue->available->flags = 1; /* no interrupts */
	out_l(port + ADDRESS, (uint32_t)((uintptr_t)at >> 12));
}

static void queue_describe(
    struct queue *queue, uint16_t at, const void *data, size_t length, uint16_t flags)
{
	queue->descriptors[at] =
	    (struct descriptor){(uintptr_t)data, (uint32_t)length, flags, (uint16_t)(at + 1)};
}

static void queue_give(struct queue *queue, uint16_t head)
{
	queue->available->ring[queue->available->index % queue->size] = head;
	__asm__ volatile("mfence" : : : "memory");
	queue->available->index++;
	__asm__ volatile("mfence" : : : "memory");
	out_w(queue->port + NOTIFY, queue->number);
}

/* Gives, and waits until it is used. */
static void queue_do(struct queue *queue)
{
	queue_give(queue, 0);
	while (queue->used->index == queue->seen)
		__asm__ volatile("pause" : : : "memory");
	queue->seen++;
}

/* ---- devices ------------------------------------------------------------------------------------
 */

size_t platform_receive(void *frame, size_t size)
{
	uint32_t id, length;

	if (!has_frame())
		return 0;
	id = receiving.used->ring[receiving.seen % receiving.size].id;
	length = receiving.used->ring[receiving.seen++ % receiving.size].length - HEADER;
	if (length > size)
		length = (uint32_t)size;
	memcpy(frame, received[id].frame, length);
	queue_give(&receiving, (uint16_t)id);
	return length;
}

void platform_send(const void *frame, size_t length)
{
	memcpy(sent.frame, frame, length);
	queue_describe(&sending, 0, &sent, HEADER + length, 0);
	queue_do(&sending);
}

static bool transfer(uint32_t type, uint64_t offset, const void *data)
{
	struct {
		uint32_t type, priority;
		uint64_t sector;
	} header = {type, 0, offset / 512};
	volatile uint8_t status = 255;

	queue_describe(&requests, 0, &header, sizeof header, MORE);
	queue_describe(&requests, 1, data, 512, type ? MORE : MORE | DEVICE_WRITES);
	queue_describe(&requests, 2, (void *)&status, 1, DEVICE_WRITES);
	queue_do(&requests);
	return status == 0;
}

bool platform_read(uint64_t offset, void *data)
{
	return transfer(0, offset, data);
}

bool platform_write_block(uint64_t offset, const void *data)
{
	return transfer(1, offset, data);
}

static void net_start(uint16_t port, struct entry *entry)
{
	uint32_t features = in_l(port + FEATURES);

	out_l(port + ACCEPTED, features & NET_MAC);
	for (unsigned i = 0; i < 6; i++)
		entry->net.mac[i] = in_b(port + CONFIG + i);
	entry->net.mtu = features & NET_MTU ? in_w(port + CONFIG + 10) : 1500;
	queue_start(&receiving, port, 0);
	queue_start(&sending, port, 1);
	for (uint16_t i = 0; i < RECEIVE_BUFFERS; i++) {
		queue_describe(&receiving, i, &received[i], sizeof received[i], DEVICE_WRITES);
		receiving.available->ring[i] = i;
	}
	receiving.available->index = RECEIVE_BUFFERS;
	net = entry;
}

static void block_start(uint16_t port, struct entry *entry)
{
	out_l(port + ACCEPTED, 0);
	entry->block.capacity =
	    (in_l(port + CONFIG) | (uint64_t)in_l(port + CONFIG + 4) << 32) * 512;
	entry->block.sector = 512;
	queue_start(&requests, port, 0);
	block = entry;
}

static uint32_t pci_read(unsigned slot, unsigned offset)
{
	out_l(PCI, 0x80000000 | slot << 11 | offset);
	return in_l(PCI + 4);
}

/* As with Solo5, the devices of the manifest are the bus's, in order. Only the first of a kind is
 * used. */
static void devices_start(void)
{
	struct entry *entry = manifest_built_in->entry;
	struct entry *end = entry + manifest_built_in->entries;

	for (unsigned slot = 0; slot < 32; slot++) {
		uint32_t type = pci_read(slot, 0x2c) >> 16 == 1 ? NET_BASIC : BLOCK_BASIC;
		uint16_t port = pci_read(slot, 0x10) & 0xfffc;

		if ((pci_read(slot, 0) & 0xffff) != 0x1af4)
			continue;
		if (++entry >= end || entry->type != type)
			guest_abort("a device is not in the manifest, or not at its place");
		entry->attached = true;
		out_l(PCI + 4,
		    pci_read(slot, 4) | 5); /* ports, and memory access of the device's own */
		out_b(port + STATUS, 0);
		out_b(port + STATUS, FOUND | DRIVER);
		if (type == NET_BASIC && !net)
			net_start(port, entry);
		else if (type == BLOCK_BASIC && !block)
			block_start(port, entry);
		else
			continue;
		out_b(port + STATUS, FOUND | DRIVER | READY);
		if (type == NET_BASIC)
			out_w(port + NOTIFY, 0);
	}
	if (entry + 1 != end)
		guest_abort("Solo5: All declared devices must be attached. Aborting.");
}

const struct entry *platform_net(void)
{
	return net;
}

const struct entry *platform_block(void)
{
	return block;
}

/* The loader's information: flags first, of which 4 says that there is a command line. Solo5 keeps
 * 8191 bytes of what is behind its first word, the kernel's name. */
noreturn void platform_start(const uint32_t *information)
{
	char none[] = "";
	char *command_line = information[0] & 4 ? (char *)(uintptr_t)information[4] : none;

	traps_start();
	start_timer();
	devices_start();
	while (*command_line && *command_line++ != ' ')
		;
	if (strlen(command_line) > COMMAND_LINE_MAX)
		command_line[COMMAND_LINE_MAX] = '\0';
	guest_main(command_line);
}
