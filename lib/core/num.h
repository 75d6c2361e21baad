/* Whole numbers as people write them: decimal digits and nothing else. */
#ifndef MIRARI_CORE_NUM_H
#define MIRARI_CORE_NUM_H

#include "core/attr.h"

#include <stddef.h>
#include <stdint.h>

enum num_error { NUM_OK, NUM_SYNTAX, NUM_RANGE };

/* The whole of `text` must be digits without a leading zero (YAML 1.1 and C would read those as
 * octal), and the number within [min, max]. *number is set only when NUM_OK is returned. */
enum num_error num_parse(
    const char *text, uint64_t min, uint64_t max, uint64_t *number) A_MUST_CHECK;

/* The same for bytes that something else follows. */
enum num_error num_parse_bytes(
    const char *bytes, size_t length, uint64_t min, uint64_t max, uint64_t *number) A_MUST_CHECK;

#endif
