#include "core/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void A_PRINTF(3, 0) fill(char *into, size_t size, const char *format, va_list args)
{
	int length = vsnprintf(into, size, format, args);

	if (length >= 0 && (size_t)length >= size)
		memcpy(into + size - 4, "...", 4);
}

int fault_set(struct fault *fault, int status, const char *format, ...)
{
	va_list args;

	fault->status = status;
	fault->hint[0] = '\0';
	va_start(args, format);
	fill(fault->text, sizeof fault->text, format, args);
	va_end(args);
	return -1;
}

int fault_errno(struct fault *fault, int status, int error, const char *format, ...)
{
	va_list args;
	size_t length;

	if (status == 0)
		status = error == EACCES || error == EPERM ? EX_NOPERM : EX_OSERR;
	fault->status = status;
	fault->hint[0] = '\0';
	va_start(args, format);
	/* room is kept for the reason, so that a long name cannot push it out */
	fill(fault->text, sizeof fault->text - 128, format, args);
	va_end(args);
	length = strlen(fault->text);
	snprintf(fault->text + length, sizeof fault->text - length, ": %s", strerror(error));
	return -1;
}

int fault_hint(struct fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(fault->hint, sizeof fault->hint, format, args);
	va_end(args);
	return -1;
}
