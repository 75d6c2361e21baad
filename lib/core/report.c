#include "core/report.h"

#include "core/printable.h"

#include <stdarg.h>
#include <stdio.h>

void report_free(struct report *r)
{
	buf_free(&r->lines);
	r->errors = r->warnings = 0;
}

static void A_PRINTF(4, 0)
    add(struct report *r, struct place at, const char *kind, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof text, format, args);
	printable_add(&r->lines, at.file);
	if (at.line)
		buf_printf(&r->lines, ":%zu", at.line);
	if (at.column)
		buf_printf(&r->lines, ":%zu", at.column);
	buf_printf(&r->lines, ": %s: ", kind);
	printable_add(&r->lines, text);
	buf_addc(&r->lines, '\n');
}

void report_error(struct report *r, struct place at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, at, "error", format, args);
	va_end(args);
	r->errors++;
}

void report_warning(struct report *r, struct place at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, at, "warning", format, args);
	va_end(args);
	r->warnings++;
}
