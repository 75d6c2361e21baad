#include "render/guestargs.h"

#include <string.h>

static void escape(const char *argument, struct buf *into)
{
	for (; *argument; argument++) {
		if (strchr(" \t\n\v\f\r\"'\\", *argument))
			buf_addc(into, '\\');
		buf_addc(into, *argument);
	}
}

int guestargs_escape(const struct strv *arguments, struct strv *into, struct fault *fault)
{
	size_t total = 0;

	for (size_t i = 0; i < arguments->count; i++) {
		struct buf word A_CLEANUP(buf_free) = {0};

		if (!*arguments->items[i]) {
			fault_set(fault, EX_DATAERR,
			    "argument %zu is empty, which a unikernel can't be told", i + 1);
			return fault_hint(fault, "write --option= in place of --option ''");
		}
		escape(arguments->items[i], &word);
		total += word.length + (i > 0);
		strv_add(into, buf_str(&word));
	}
	if (total <= GUESTARGS_LINE_MAX)
		return 0;
	return fault_set(fault, EX_DATAERR,
	    "the arguments are %zu bytes, escaped; a unikernel can be told %d", total,
	    GUESTARGS_LINE_MAX);
}

void guestargs_line(const struct strv *escaped, struct buf *into)
{
	for (size_t i = 0; i < escaped->count; i++)
		buf_printf(into, "%s%s", i ? " " : "", escaped->items[i]);
}
