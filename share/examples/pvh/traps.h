/* Exceptions, each of which is the end, and the gates of interrupts. */
#ifndef PVH_TRAPS_H
#define PVH_TRAPS_H

#include <stdint.h>

enum { TRAPS_EXCEPTIONS = 32, TRAPS = TRAPS_EXCEPTIONS + 16 };

void traps_start(void);
void traps_set(uint32_t number, void (*handler)(void));

/* Ends by an exception that finds no gate, which resets a PC. */
void traps_fatal(void);

#endif
