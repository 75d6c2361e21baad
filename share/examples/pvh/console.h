/*
 * Xen's console: two rings in a page that the domain shares with xenconsoled (public/io/console.h,
 * struct xencons_interface), and an event channel by which either side tells the other that it has
 * put something in or taken something out.
 */
#ifndef PVH_CONSOLE_H
#define PVH_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void console_start(void);
bool console_there(void);

/* 0 when there is none. */
uint32_t console_port(void);

/* Waits where the ring is full. */
void console_write(const char *bytes, size_t length);
void console_flush(void);

/* Until all has been taken. */
void console_drain(void);

bool console_read(char *byte);

#endif
