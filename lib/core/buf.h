/*
 * A growing string of bytes, and the owner of most heap memory here.
 *
 * Invariants: a zeroed buf is a valid empty one; `buf_str` is always NUL-terminated and never NULL;
 * bytes may include NUL. No buf grows past its maximum (`max`, or BUF_MAX when that is 0): the add
 * that would do so adds nothing and sets `over`, later adds do nothing, so one look at the end
 * (`buf_over`) tells. buf_free may be called twice.
 */
#ifndef MIRARI_CORE_BUF_H
#define MIRARI_CORE_BUF_H

#include "core/attr.h"

#include <stdbool.h>
#include <stddef.h>

#define BUF_MAX ((size_t)1 << 30)

struct buf {
	char *bytes; /* owned; use buf_str to read it */
	size_t length;
	size_t room;
	size_t max;
	bool over;
};

void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empty again; keeps the memory, the maximum, not `over` */

const char *buf_str(const struct buf *b);
bool buf_over(const struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t length);
void buf_adds(struct buf *b, const char *string);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) A_PRINTF(2, 3);

/* Room for `length` more bytes at the end, to be written by the caller and then counted with
 * buf_grew; NULL when the maximum would be passed. */
char *buf_reserve(struct buf *b, size_t length) A_MUST_CHECK;
void buf_grew(struct buf *b, size_t length);

#endif
