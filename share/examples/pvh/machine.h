/*
 * What the unikernel stands on: the machine, which is Xen's, or a PC. The console is Xen's, or the
 * serial port, or both where both are there: what is written goes to both, and either can be typed
 * at.
 */
#ifndef PVH_MACHINE_H
#define PVH_MACHINE_H

#include "xen.h" /* of which the numbers of reasons are used on a PC, too */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define FOREVER UINT64_MAX

/* Finds out what machine it is; before anything else here. */
void machine_start(void);

/* Writes to the console, waiting where it is full; machine_flush tells the other side. */
void machine_write(const void *bytes, size_t length);
void machine_flush(void);

/* A byte that was typed; false when there is none. */
bool machine_read(char *byte);

/* Nanoseconds since some time before the start. */
uint64_t machine_now(void);

/* Waits without using the processor: until then, or something was typed, or the machine's owner has
 * a wish (xenstore_wish), or at times for no reason. What is written between the last look at what
 * was typed and this may have it miss some of that. */
void machine_wait(uint64_t until);

/* Ends, when all that was written has been taken. */
noreturn void machine_exit(uint32_t reason);

/* "xen", with its version, or "pc". */
void machine_describe(void);

#endif
