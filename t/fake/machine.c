/*
 * The guest runs in this process, at the addresses that it is for. spt's makes system calls, as it
 * always does. hvt's believes to be the kernel of a virtual machine: its hypercalls (writes to
 * ports), its descriptor tables and its exceptions arrive here as signals.
 */
#include "tender.h"

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PUTS = 2, POLL, BLOCK_WRITE, BLOCK_READ, NET_WRITE, NET_READ, HALT, HYPERCALLS };
enum { PORTS = 0x500, PAGE_FAULT = 14, TIMER_HANDLE = 255 };

extern char __executable_start[];
static struct manifest *devices;
static int waiting, timer;
static const uint8_t *gates; /* hvt's interrupt descriptor table; NULL before it has one */

/* Where the tenders put what the guest is told. */
struct boot_info {
	uint64_t memory, end;
	union {
		struct {
			uint64_t frequency;
			char *command_line;
			struct manifest *manifest;
			uint64_t no_ring[2];
		} hvt;
		struct {
			char *command_line;
			struct manifest *manifest;
			int epoll, timer;
		} spt;
	};
};

void machine_memory(uint64_t memory)
{
	assert(memory - 1 < (uintptr_t)__executable_start);
	if (mmap((void *)HOST_LOWEST, memory - HOST_LOWEST, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		0) == MAP_FAILED)
		err(1, "Error allocating guest memory");
}

static void watch(int fd, uint64_t handle)
{
	struct epoll_event event = {EPOLLIN, {.u64 = handle}};

	if (epoll_ctl(waiting, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl(EPOLL_CTL_ADD) failed");
}

/* ---- hypercalls ---------------------------------------------------------------------------------
 */

static uint64_t poll_call(uint64_t nanoseconds)
{
	struct itimerspec when = {
	    .it_value = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000) | 1}};
	struct epoll_event events[66];
	uint64_t ready = 0;
	int count;

	timerfd_settime(timer, 0, &when, NULL);
	do
		count = epoll_wait(waiting, events, 66, -1);
	while (count < 0 && errno == EINTR);
	for (int i = 0; i < count; i++)
		if (events[i].data.u64 != TIMER_HANDLE)
			ready |= 1ull << events[i].data.u64;
	return ready;
}

struct net_call {
	uint64_t handle;
	void *data;
	size_t length;
	int result;
};

struct block_call {
	uint64_t handle, offset;
	void *data;
	size_t length;
	int result;
};

static const struct entry *device(uint64_t handle, uint32_t type)
{
	return handle < devices->entries && devices->entry[handle].type == type
		   ? &devices->entry[handle]
		   : NULL;
}

/* Solo5's results: 0 done, 1 nothing there, 2 not allowed. */
static void net_call(int number, struct net_call *call)
{
	const struct entry *entry = device(call->handle, NET_BASIC);
	ssize_t length;

	call->result = 2;
	if (!entry)
		return;
	length = number == NET_READ ? read(entry->fd, call->data, call->length)
				    : write(entry->fd, call->data, call->length);
	if (length < 0 && !(number == NET_READ && errno == EAGAIN)) {
		fprintf(stderr, "Fatal error when %s: %s\n",
		    number == NET_READ ? "reading" : "writing", strerror(errno));
		exit(1);
	}
	call->result = length > 0 ? 0 : 1;
	if (length > 0)
		call->length = (size_t)length;
}

static void block_call(int number, struct block_call *call)
{
	const struct entry *entry = device(call->handle, BLOCK_BASIC);
	ssize_t length;

	call->result = 2;
	if (!entry || call->offset >= entry->block.capacity ||
	    call->length > entry->block.capacity - call->offset)
		return;
	length = number == BLOCK_READ
		     ? pread(entry->fd, call->data, call->length, (off_t)call->offset)
		     : pwrite(entry->fd, call->data, call->length, (off_t)call->offset);
	call->result = length == (ssize_t)call->length ? 0 : 2;
}

static void hypercall(int number, uint64_t *what)
{
	switch (number) {
	case PUTS:
		if (write(STDOUT_FILENO, (const char *)what[0], what[1]) < 0)
			abort();
		break;
	case POLL:
		what[1] = poll_call(what[0]);
		break;
	case NET_READ:
	case NET_WRITE:
		net_call(number, (struct net_call *)what);
		break;
	case BLOCK_READ:
	case BLOCK_WRITE:
		block_call(number, (struct block_call *)what);
		break;
	case HALT:
		_exit((int)what[1]);
	default:
		errx(1, "Invalid guest hypercall: num=%d", number);
	}
}

/* ---- what hvt's guest does that a process may not
 * ------------------------------------------------ */

/* Exceptions go to the guest, as a processor has them (AMD64 manual, volume 2, section 8.9). */
static void exception(greg_t *registers)
{
	static const uint32_t with_code = 1 << 8 | 0x1f << 10 | 1 << 17;
	int vector = (int)registers[REG_TRAPNO];
	const uint8_t *gate = gates + 16 * vector;
	uint64_t *stack = (uint64_t *)(registers[REG_RSP] & ~15ll);
	uint32_t high;

	*--stack = 16;
	*--stack = (uint64_t)registers[REG_RSP];
	*--stack = (uint64_t)registers[REG_EFL];
	*--stack = 8;
	*--stack = (uint64_t)registers[REG_RIP];
	if (with_code >> vector & 1)
		*--stack = (uint64_t)registers[REG_ERR];
	registers[REG_RSP] = (greg_t)stack;
	memcpy(&high, gate + 8, 4);
	registers[REG_RIP] =
	    (greg_t)((uint64_t)high << 32 |
		     (uint32_t)(gate[7] << 24 | gate[6] << 16 | gate[1] << 8 | gate[0]));
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *at = (const uint8_t *)registers[REG_RIP];
	bool privileged = number == SIGSEGV && registers[REG_TRAPNO] != PAGE_FAULT;
	int port = (int)(registers[REG_RDX] & 0xffff);

	(void)info;
	if (privileged && at[0] == 0xef) { /* out %eax, (%dx) */
		if (port < PORTS || port >= PORTS + HYPERCALLS)
			errx(1, "Invalid guest port access: port=0x%x", port);
		hypercall(port - PORTS, (uint64_t *)(registers[REG_RAX] & 0xffffffff));
		registers[REG_RIP] += 1;
	} else if (privileged && at[0] == 0x0f && at[1] == 0x01 &&
		   at[2] == 0x10) { /* lgdt (%rax) */
		registers[REG_RIP] += 3;
	} else if (privileged && at[0] == 0x0f && at[1] == 0x01 &&
		   at[2] == 0x18) { /* lidt (%rax) */
		memcpy(&gates, (const uint8_t *)registers[REG_RAX] + 2, sizeof gates);
		registers[REG_RIP] += 3;
	} else if (gates) {
		exception(registers);
	} else {
		errx(1, "KVM: unhandled exit: exit_reason=0x8, rip=0x%llx", registers[REG_RIP]);
	}
}

static void catch_faults(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	static uint8_t stack[65536];
	struct sigaction action = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
}

/* ---- the start ----------------------------------------------------------------------------------
 */

/* What the time stamp counter does in a second, by what it does in two milliseconds. */
static uint64_t frequency(void)
{
	struct timespec start, now;
	uint64_t cycles = __builtin_ia32_rdtsc(), nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		nanoseconds = (uint64_t)((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec -
					 start.tv_nsec);
	} while (nanoseconds < 2000000);
	return (__builtin_ia32_rdtsc() - cycles) * 1000 /
	       (nanoseconds / 1000000 ? nanoseconds / 1000 : 1) * 1000;
}

static void command_line(char *at, char **words)
{
	size_t used = 0, length;

	*at = '\0';
	for (; *words; words++) {
		length = strlen(*words) + (words[1] != NULL);
		if (length >= COMMAND_LINE_SIZE - used)
			errx(1, "Guest command line too long (max=%d characters)",
			    COMMAND_LINE_SIZE - 1);
		used += (size_t)sprintf(at + used, "%s%s", *words, words[1] ? " " : "");
	}
}

noreturn void machine_run(
    uint64_t entry, uint64_t memory, uint64_t end, struct manifest *manifest, char **words)
{
	struct boot_info *boot =
	    (struct boot_info *)(uintptr_t)(HOST_LOWEST + (is_hvt ? 0 : 0x1000));
	size_t size = sizeof *manifest + manifest->entries * sizeof manifest->entry[0];
	char *line;

	devices = (struct manifest *)(boot + 1);
	memcpy(devices, manifest, size);
	line = (char *)devices + size;
	command_line(line, words);
	waiting = epoll_create1(0);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	watch(timer, TIMER_HANDLE);
	for (uint32_t i = 1; i < devices->entries; i++)
		if (devices->entry[i].type == NET_BASIC)
			watch(devices->entry[i].fd, i);
	*boot = (struct boot_info){memory, end, {.spt = {line, devices, waiting, timer}}};
	if (is_hvt) {
		boot->hvt.frequency = frequency();
		boot->hvt.command_line = line;
		boot->hvt.manifest = devices;
		catch_faults();
	}
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; jmp *%1"
			 :
			 : "r"(memory - 8), "r"(entry), "D"(boot)
			 : "memory");
	__builtin_unreachable();
}
