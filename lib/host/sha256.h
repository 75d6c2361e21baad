/* SHA-256 (FIPS 180-4) of a file, by OpenSSL's libcrypto. */
#ifndef MIRARI_HOST_SHA256_H
#define MIRARI_HOST_SHA256_H

#include "core/attr.h"
#include "core/fault.h"

#include <stdint.h>

enum { SHA256_HEX = 64 };

/* Of all of it, whatever its offset is, which isn't moved; in lower case, as sha256sum(1) prints
 * it. *size is set to the bytes that were read. `path` is for messages. */
int sha256_file(int fd, const char *path, char hex[SHA256_HEX + 1], uint64_t *size,
    struct fault *fault) A_MUST_CHECK;

#endif
