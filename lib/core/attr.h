/* Compiler attributes that carry contracts; nothing here has code. */
#ifndef MIRARI_CORE_ATTR_H
#define MIRARI_CORE_ATTR_H

#define A_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define A_MUST_CHECK __attribute__((warn_unused_result))
#define A_NORETURN __attribute__((noreturn))

/* Releases a variable at the end of its scope: struct buf b A_CLEANUP(buf_free) = {0}; */
#define A_CLEANUP(function) __attribute__((cleanup(function)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
