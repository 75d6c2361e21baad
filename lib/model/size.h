/* A number of bytes as people write it: 512, 64M. K, M, G and T are powers of 1024. */
#ifndef MIRARI_MODEL_SIZE_H
#define MIRARI_MODEL_SIZE_H

#include "core/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* From 1 to INT64_MAX bytes, which is what a file can have; false for anything else. It is what a
 * VALUE_SIZE (model/value.h) has to be. */
bool size_parse(const char *text, uint64_t *bytes) A_MUST_CHECK;

#endif
