#include "xen.h"

#include "text.h"

#include <stddef.h>

enum {
	/* public/xen.h */
	HYPERVISOR_MEMORY_OP = 12,
	HYPERVISOR_SCHED_OP = 29,
	HYPERVISOR_EVENT_CHANNEL_OP = 32,
	HYPERVISOR_HVM_OP = 34,
	DOMID_SELF = 0x7ff0,

	XENMEM_ADD_TO_PHYSMAP = 7,   /* public/memory.h */
	XENMAPSPACE_SHARED_INFO = 0, /* public/memory.h */
	EVTCHNOP_SEND = 4,           /* public/event_channel.h */
	HVMOP_GET_PARAM = 1,         /* public/hvm/hvm_op.h */
	SCHEDOP_YIELD = 0,           /* public/sched.h */
	SCHEDOP_SHUTDOWN = 2,        /* public/sched.h */
	SCHEDOP_POLL = 3,            /* public/sched.h */

	PAGE = 4096,
	PORTS_MAX = 8,
	CALL_SIZE = 32 /* bytes of each call in the hypercall page */
};

/* public/arch-x86/cpuid.h: where the leaves begin differs when it shows others' as well */
enum { LEAF_FIRST = 0x40000000, LEAF_LAST = 0x40010000, LEAF_STEP = 0x100 };

/* public/memory.h, struct xen_add_to_physmap */
struct add_to_physmap {
	uint16_t domid, size;
	uint32_t space, index, gpfn;
};

/* public/hvm/hvm_op.h, struct xen_hvm_param */
struct hvm_param {
	uint16_t domid, pad;
	uint32_t index;
	uint64_t value;
};

/* public/sched.h, struct sched_poll */
struct sched_poll {
	const uint32_t *ports;
	uint32_t count;
	uint64_t timeout; /* a time, not a duration; 0 for none */
};

/* public/xen.h, struct vcpu_time_info */
struct time_info {
	uint32_t version; /* odd while it is changed */
	uint32_t pad;
	uint64_t tsc, nanoseconds;
	uint32_t multiplier; /* of the tsc, over 2^32 */
	int8_t shift;
	uint8_t flags, pad1[2];
};

/* public/xen.h, struct shared_info: its beginning, which 32 and 64 bits have the same way. Events
 * are one row of bits, the same in either as long as they are few. */
struct shared_info {
	struct {
		uint8_t events[32];
		struct time_info time;
	} vcpu[32];
	uint32_t pending[32];
};

static uint8_t hypercall_page[PAGE] __attribute__((aligned(PAGE)));
static union {
	volatile struct shared_info info;
	uint8_t page[PAGE];
} shared __attribute__((aligned(PAGE)));
static uint32_t version;

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t number)
{
	struct leaf leaf;

	__asm__ volatile("cpuid"
			 : "=a"(leaf.a), "=b"(leaf.b), "=c"(leaf.c), "=d"(leaf.d)
			 : "a"(number), "c"(0));
	return leaf;
}

/* public/arch-x86/xen-x86_32.h: arguments in EBX and ECX, the result in EAX. */
static int32_t hypercall(uint32_t number, uint32_t operation, const void *argument)
{
	uint32_t result = (uintptr_t)hypercall_page + number * CALL_SIZE;

	__asm__ volatile("call *%%eax"
			 : "+a"(result), "+b"(operation), "+c"(argument)
			 :
			 : "edx", "esi", "edi", "memory", "cc");
	return (int32_t)result;
}

static bool find_xen(uint32_t *base)
{
	for (*base = LEAF_FIRST; *base < LEAF_LAST; *base += LEAF_STEP) {
		struct leaf leaf = cpuid(*base);

		if (leaf.b == 0x566e6558 && leaf.c == 0x65584d4d && leaf.d == 0x4d4d566e)
			return true; /* "XenVMMXenVMM" */
	}
	return false;
}

bool xen_start(void)
{
	struct add_to_physmap where = {.domid = DOMID_SELF,
	    .space = XENMAPSPACE_SHARED_INFO,
	    .gpfn = (uintptr_t)&shared / PAGE};
	uint32_t base;

	if (!find_xen(&base))
		return false;
	version = cpuid(base + 1).a;
	/* the third leaf has the register that takes the address of the page of hypercalls */
	__asm__ volatile("wrmsr"
			 :
			 : "c"(cpuid(base + 2).b), "a"((uintptr_t)hypercall_page), "d"(0)
			 : "memory");
	/* the page takes the place of ours */
	return hypercall(HYPERVISOR_MEMORY_OP, XENMEM_ADD_TO_PHYSMAP, &where) == 0;
}

uint32_t xen_version(void)
{
	return version;
}

uint32_t xen_param(enum xen_param param)
{
	struct hvm_param ask = {.domid = DOMID_SELF, .index = param};

	return hypercall(HYPERVISOR_HVM_OP, HVMOP_GET_PARAM, &ask) == 0 ? (uint32_t)ask.value : 0;
}

void xen_notify(uint32_t port)
{
	hypercall(HYPERVISOR_EVENT_CHANNEL_OP, EVTCHNOP_SEND, &port);
}

void xen_clear(uint32_t port)
{
	__asm__ volatile("lock btrl %1, %0"
			 : "+m"(shared.info.pending[port / 32])
			 : "r"(port % 32)
			 : "memory", "cc");
}

void xen_poll(const uint32_t *ports, uint32_t count, uint64_t until)
{
	uint32_t list[PORTS_MAX];
	struct sched_poll poll = {.ports = list, .timeout = until == UINT64_MAX ? 0 : until};

	for (uint32_t i = 0; i < count && poll.count < PORTS_MAX; i++)
		if (ports[i])
			list[poll.count++] = ports[i];
	hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_POLL, &poll);
}

void xen_yield(void)
{
	hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_YIELD, NULL);
}

static uint64_t read_tsc(void)
{
	uint64_t tsc;

	__asm__ volatile("lfence; rdtsc" : "=A"(tsc));
	return tsc;
}

/* As public/xen.h has it at struct vcpu_time_info: what it was then, and what has passed since. */
uint64_t xen_now(void)
{
	volatile struct time_info *time = &shared.info.vcpu[0].time;
	uint64_t passed, now;
	uint32_t seen;

	do {
		seen = time->version;
		__asm__ volatile("" : : : "memory");
		passed = read_tsc() - time->tsc;
		passed = time->shift < 0 ? passed >> -time->shift : passed << time->shift;
		/* 64 by 32 bits, of which the upper 64 are wanted */
		now = (passed >> 32) * time->multiplier +
		      ((passed & UINT32_MAX) * time->multiplier >> 32);
		now += time->nanoseconds;
		__asm__ volatile("" : : : "memory");
	} while ((seen & 1) || seen != time->version);
	return now;
}

noreturn void xen_shutdown(uint32_t reason)
{
	for (;;) /* it comes back from a suspension that wasn't one */
		hypercall(HYPERVISOR_SCHED_OP, SCHEDOP_SHUTDOWN, &reason);
}
