#include "core/table.h"

#include "core/mem.h"
#include "core/printable.h"

#include <stdlib.h>

/* Characters of UTF-8: every byte but those that continue one. */
static size_t width(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

void table_add(struct buf *into, const struct strv *cells, size_t columns)
{
	size_t *widths = mem_zeroed(columns, sizeof *widths);

	for (size_t i = 0; i < cells->count; i++)
		if (width(cells->items[i]) > widths[i % columns])
			widths[i % columns] = width(cells->items[i]);
	for (size_t i = 0; i < cells->count; i++) {
		bool last = i % columns == columns - 1 || i == cells->count - 1;

		printable_add(into, cells->items[i]);
		if (last)
			buf_addc(into, '\n');
		else
			buf_printf(into, "%*s",
			    (int)(widths[i % columns] - width(cells->items[i]) + 2), "");
	}
	free(widths);
}
