#include "core/table.h"

#include "core/mem.h"
#include "core/printable.h"

#include <stdlib.h>
#include <string.h>

/* Characters of UTF-8: every byte but those that continue one. */
static size_t width(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* As it is printed, since that is what has a width: no control character, not even a tab. */
static void print(const struct strv *cells, struct strv *printed)
{
	for (size_t i = 0; i < cells->count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		printable_add(&text, cells->items[i]);
		strv_add(printed, buf_str(&text));
		for (char *tab = printed->items[i]; (tab = strchr(tab, '\t'));)
			*tab = '?';
	}
}

void table_add(struct buf *into, const struct strv *given, size_t columns)
{
	size_t *widths = mem_zeroed(columns, sizeof *widths);
	struct strv printed A_CLEANUP(strv_free) = {0};
	const struct strv *cells = &printed;

	print(given, &printed);
	for (size_t i = 0; i < cells->count; i++)
		if (width(cells->items[i]) > widths[i % columns])
			widths[i % columns] = width(cells->items[i]);
	for (size_t i = 0; i < cells->count; i++) {
		bool last = i % columns == columns - 1 || i == cells->count - 1;

		buf_adds(into, cells->items[i]);
		if (last)
			buf_addc(into, '\n');
		else
			buf_printf(into, "%*s",
			    (int)(widths[i % columns] - width(cells->items[i]) + 2), "");
	}
	free(widths);
}

void table_cell(struct strv *cells, const char *text)
{
	strv_add(cells, text && *text ? text : "-");
}

void table_size(struct strv *cells, double amount, const char *units)
{
	char unit[2] = "";
	size_t i = 0;

	for (; amount >= 1024 && units[i + 1]; i++)
		amount /= 1024;
	if (units[i] != ' ')
		unit[0] = units[i];
	strv_addf(cells, i && amount < 10 ? "%.1f%s" : "%.0f%s", amount, unit);
}
