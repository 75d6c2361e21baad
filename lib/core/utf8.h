/* UTF-8 (RFC 3629). */
#ifndef MIRARI_CORE_UTF8_H
#define MIRARI_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when all of the bytes are well-formed: no overlong forms, no surrogates. */
bool utf8_valid(const char *bytes, size_t length);

#endif
