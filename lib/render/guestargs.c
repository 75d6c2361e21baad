#include "render/guestargs.h"

#include <string.h>

void guestargs_add(struct buf *into, const char *argument)
{
	if (!*argument)
		buf_adds(into, "\"\"");
	for (; *argument; argument++) {
		if (strchr(" \t\n\v\f\r\"'\\", *argument))
			buf_addc(into, '\\');
		buf_addc(into, *argument);
	}
}
