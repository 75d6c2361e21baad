/*
 * A PC, or what QEMU and others have us take for one: the first serial port (of the National
 * Semiconductor 16550), the timer (Intel 8254) behind the interrupt controllers (8259A), and ways
 * to end.
 */
#ifndef PVH_PC_H
#define PVH_PC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

void serial_start(void);
bool serial_there(void);
void serial_write(const char *bytes, size_t length);
bool serial_read(char *byte);

/* Until all has left. */
void serial_drain(void);

/* The rest isn't for use on Xen, whose PVH domains have none of it. */
void pc_start(void);
uint64_t pc_now(void);
void pc_wait(uint64_t until);
noreturn void pc_exit(uint32_t reason);

#endif
