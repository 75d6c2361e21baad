/*
 * A small unikernel for tests, for Solo5's hvt and spt tenders and for QEMU with virtio devices.
 * main.c says what it does; it stands on one platform_*.c, which has all that differs.
 * What the platforms do, and the manifest: Solo5's include/hvt_abi.h, spt_abi.h, elf_abi.h and
 * mft_abi.h.
 */
#ifndef MIRARI_T_GUEST_H
#define MIRARI_T_GUEST_H

#include "manifest.h"

#include <stdnoreturn.h>

#define SECOND 1000000000ull  /* times are nanoseconds */
#define EXIT_ABORT 255        /* a status above what unikernels give */
#define EXIT_USAGE 64         /* the command line isn't understood, as MirageOS has it */
#define COMMAND_LINE_MAX 8191 /* bytes */
#define FRAME_MAX 2048
#define BLOCK_MAX 4096

/* ---- the manifest: what devices there are (manifest.c) -----------------------------------------
 */

/* The manifest in the file, which only virtio fills in itself. */
extern struct manifest *const manifest_built_in;

/* The first device of that type; NULL when there is none. Its index is its handle. */
struct entry *manifest_first(struct manifest *manifest, uint32_t type, uint64_t *handle);

/* ---- what a platform has ------------------------------------------------------------------------
 */

void platform_write(const char *text, size_t length);

/* A byte that was typed; -1 when there is none, or no way to type. */
int platform_typed(void);
noreturn void platform_exit(int status);
uint64_t platform_now(void);

/* Until then, or shorter when a frame came. */
void platform_wait(uint64_t until);

/* The first network and block device, ready to be used; NULL when there is none. */
const struct entry *platform_net(void);
const struct entry *platform_block(void);

/* A frame's length; 0 when none is there. */
size_t platform_receive(void *frame, size_t size);
void platform_send(const void *frame, size_t length);

/* One sector, at an offset in bytes. */
bool platform_read(uint64_t offset, void *data);
bool platform_write_block(uint64_t offset, const void *data);

/* ---- what is above it ---------------------------------------------------------------------------
 */

noreturn void guest_main(const char *command_line);

/* By Solo5's own words, which are all that virtio tells of a status. */
noreturn void guest_exit(int status);
noreturn void guest_abort(const char *why);

/* Serves ARP and ICMP echo for ever; with 0 for the address, after asking DHCP for one. */
noreturn void net_serve(uint32_t address);

/* text.c: one write. %s text, %u uint64_t, %x byte, %a IPv4 address (uint32_t). */
void say(const char *format, ...);
bool text_starts(const char *text, const char *start, const char **rest);
uint64_t text_number(const char *text);
size_t strlen(const char *text);
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

/* traps.c: exceptions end the guest. The gate of an interrupt is the platform's. */
void traps_start(void);
void traps_gate(unsigned vector, uintptr_t handler);

#endif
