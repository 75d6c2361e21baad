/* A hash to tell whether a file was changed by accident or by hand; not against forgers. */
#ifndef MIRARI_CORE_HASH_H
#define MIRARI_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
uint64_t hash_bytes(const void *bytes, size_t length);

#endif
