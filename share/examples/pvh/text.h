/* Text, and what compilers take for granted. */
#ifndef PVH_TEXT_H
#define PVH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints: %s text, %u uint32_t, %x uint32_t in hexadecimal. A line feed in `format` gets the
 * carriage return that terminals need; what is put into it stays as it is, byte for byte. */
void say(const char *format, ...);

/* True when the text begins so; *rest is then what follows. */
bool text_starts(const char *text, const char *start, const char **rest);
bool text_equal(const char *a, const char *b);

/* A number in decimal digits; false when it isn't one, or doesn't fit. */
bool text_number(const char *text, uint32_t *number);

size_t strlen(const char *text);
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);

#endif
