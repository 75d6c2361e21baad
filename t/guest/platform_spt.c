/* Under solo5-spt: a process that may make these few system calls of Linux (spt_abi.h). */
#include "guest.h"

enum {
	READ = 0,
	WRITE = 1,
	PREAD = 17,
	PWRITE = 18,
	CLOCK_GETTIME = 228,
	EXIT_GROUP = 231,
	EPOLL_PWAIT = 281,
	TIMERFD_SETTIME = 286
};

static struct boot {
	uint64_t memory, end;
	const char *command_line;
	struct manifest *manifest;
	int epoll, timer;
} boot;

struct timespec {
	uint64_t seconds, nanoseconds;
};

static uint64_t net, block;

static long call(long number, long a, const volatile void *b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

void platform_write(const char *text, size_t length)
{
	call(WRITE, 1, text, (long)length, 0);
}

int platform_typed(void)
{
	return -1;
}

noreturn void platform_exit(int status)
{
	for (;;)
		call(EXIT_GROUP, status, NULL, 0, 0);
}

uint64_t platform_now(void)
{
	volatile struct timespec now;

	call(CLOCK_GETTIME, 1, &now, 0, 0);
	return now.seconds * SECOND + now.nanoseconds;
}

void platform_wait(uint64_t until)
{
	struct timespec timer[2] = {{0, 0}, {until / SECOND, until % SECOND | 1}};
	struct {
		uint32_t events;
		uint64_t data;
	} __attribute__((packed)) events[4];

	/* the moment itself (TFD_TIMER_ABSTIME), so that it can't be missed */
	call(TIMERFD_SETTIME, boot.timer, (void *)1, (long)timer, 0);
	call(EPOLL_PWAIT, boot.epoll, events, 4, -1);
}

const struct entry *platform_net(void)
{
	return manifest_first(boot.manifest, NET_BASIC, &net);
}

const struct entry *platform_block(void)
{
	return manifest_first(boot.manifest, BLOCK_BASIC, &block);
}

size_t platform_receive(void *frame, size_t size)
{
	long length = call(READ, boot.manifest->entry[net].fd, frame, (long)size, 0);

	return length > 0 ? (size_t)length : 0;
}

void platform_send(const void *frame, size_t length)
{
	call(WRITE, boot.manifest->entry[net].fd, frame, (long)length, 0);
}

bool platform_read(uint64_t offset, void *data)
{
	struct entry *entry = &boot.manifest->entry[block];

	return call(PREAD, entry->fd, data, entry->block.sector, (long)offset) ==
	       entry->block.sector;
}

bool platform_write_block(uint64_t offset, const void *data)
{
	struct entry *entry = &boot.manifest->entry[block];

	return call(PWRITE, entry->fd, data, entry->block.sector, (long)offset) ==
	       entry->block.sector;
}

noreturn void _start(const struct boot *given)
{
	boot = *given;
	guest_main(boot.command_line);
}
