/* UTF-8 (RFC 3629). */
#ifndef MIRARI_CORE_UTF8_H
#define MIRARI_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character that begins here, or 0 where no well-formed one does. `left` is how
 * many bytes there are, at least 1. */
size_t utf8_character(const char *bytes, size_t left);

/* True when all of the bytes are well-formed: no overlong forms, no surrogates. */
bool utf8_valid(const char *bytes, size_t length);

#endif
