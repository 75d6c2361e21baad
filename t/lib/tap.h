/*
 * Test Anything Protocol for the unit tests: every check prints one line, a failed one also where
 * it is and what it got; the plan comes last. A program ends with `return tap_end();`.
 */
#ifndef MIRARI_T_TAP_H
#define MIRARI_T_TAP_H

#include "core/attr.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ok(good, ...) tap_ok((good), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

static int tap_count;
static int tap_failed;

static inline A_PRINTF(4, 0) void tap_line(
    bool good, const char *file, int line, const char *format, va_list args)
{
	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	vprintf(format, args);
	putchar('\n');
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout); /* children inherit nothing unwritten */
}

static inline A_PRINTF(4, 5) bool tap_ok(
    bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_line(good, file, line, format, args);
	va_end(args);
	return good;
}

static inline A_PRINTF(5, 6) bool tap_is_int(
    long long got, long long want, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_line(got == want, file, line, format, args);
	va_end(args);
	if (got != want)
		printf("#   got %lld, want %lld\n", got, want);
	return got == want;
}

/* On one line whatever it holds, so that it can't be taken for a result. */
static inline void tap_show(const char *label, const char *string)
{
	printf("#   %s ", label);
	for (int i = 0; string && string[i]; i++) {
		unsigned char c = (unsigned char)string[i];

		if (i == 300) {
			fputs("...", stdout);
			break;
		}
		if (c < ' ' || c > '~')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	puts(string ? "" : "(NULL)");
}

static inline A_PRINTF(5, 6) bool tap_is_str(
    const char *got, const char *want, const char *file, int line, const char *format, ...)
{
	bool same = got && want ? !strcmp(got, want) : got == want;
	va_list args;

	va_start(args, format);
	tap_line(same, file, line, format, args);
	va_end(args);
	if (!same) {
		tap_show("got ", got);
		tap_show("want", want);
	}
	return same;
}

/* A check that can't run here; where everything must run, that is a failure. */
static inline void tap_skip(const char *what, const char *why)
{
	const char *must = getenv("MIRARI_MUST_RUN");
	bool fail = must && *must;

	tap_failed += fail;
	printf("%sok %d - %s%s%s\n", fail ? "not " : "", ++tap_count, what,
	    fail ? ": can't run: " : " # SKIP ", why);
	fflush(stdout);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
