/* Under solo5-hvt: a virtual machine whose hypercalls are 32-bit writes to ports, of the address of
 * what is asked (hvt_abi.h). */
#include "guest.h"

enum { PUTS = 2, POLL, BLOCK_WRITE, BLOCK_READ, NET_WRITE, NET_READ, HALT };

static struct boot {
	uint64_t memory, end, frequency;
	const char *command_line;
	struct manifest *manifest;
} boot;

static uint64_t net, block;

static void call(int number, volatile void *what)
{
	__asm__ volatile("outl %0, %1"
			 :
			 : "a"((uint32_t)(uintptr_t)what), "d"((uint16_t)(0x500 + number))
			 : "memory");
}

void platform_write(const char *text, size_t length)
{
	struct {
		const char *text;
		size_t length;
	} puts = {text, length};

	call(PUTS, &puts);
}

int platform_typed(void)
{
	return -1;
}

noreturn void platform_exit(int status)
{
	struct {
		void *cookie;
		int status;
	} halt = {NULL, status};

	for (;;)
		call(HALT, &halt);
}

uint64_t platform_now(void)
{
	uint64_t cycles = __builtin_ia32_rdtsc();

	return cycles / boot.frequency * SECOND + cycles % boot.frequency * SECOND / boot.frequency;
}

void platform_wait(uint64_t until)
{
	uint64_t now = platform_now();
	struct {
		uint64_t timeout, ready;
		int result;
	} poll = {now < until ? until - now : 0};

	call(POLL, &poll);
}

const struct entry *platform_net(void)
{
	return manifest_first(boot.manifest, NET_BASIC, &net);
}

const struct entry *platform_block(void)
{
	return manifest_first(boot.manifest, BLOCK_BASIC, &block);
}

static size_t net_transfer(int number, void *data, size_t length)
{
	struct {
		uint64_t handle;
		void *data;
		size_t length;
		int result;
	} transfer = {net, data, length, 1};

	call(number, &transfer);
	return transfer.result == 0 ? transfer.length : 0;
}

size_t platform_receive(void *frame, size_t size)
{
	return net_transfer(NET_READ, frame, size);
}

void platform_send(const void *frame, size_t length)
{
	net_transfer(NET_WRITE, (void *)frame, length);
}

static bool block_transfer(int number, uint64_t offset, void *data)
{
	struct {
		uint64_t handle, offset;
		void *data;
		size_t length;
		int result;
	} transfer = {block, offset, data, boot.manifest->entry[block].block.sector, 1};

	call(number, &transfer);
	return transfer.result == 0;
}

bool platform_read(uint64_t offset, void *data)
{
	return block_transfer(BLOCK_READ, offset, data);
}

bool platform_write_block(uint64_t offset, const void *data)
{
	return block_transfer(BLOCK_WRITE, offset, (void *)data);
}

noreturn void _start(const struct boot *given)
{
	boot = *given;
	traps_start();
	guest_main(boot.command_line);
}
