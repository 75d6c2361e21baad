/*
 * Why something failed, as a value. Functions in lib/ that can fail take a `struct fault *`, fill
 * it and return -1; bin/ prints it. A fault is never NULL and needs no release.
 */
#ifndef MIRARI_CORE_FAULT_H
#define MIRARI_CORE_FAULT_H

#include "core/attr.h"

#include <sysexits.h>

/* Exit statuses beside those of sysexits.h; mirari-records(5) lists all of them. */
enum {
	EXIT_NO = 1, /* the answer is no, or the other side refused */
	EXIT_CANNOT_EXEC = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNALLED = 128 /* plus the signal's number */
};

struct fault {
	int status;      /* the exit status this should end in; never 0 once set */
	char text[1024]; /* what, where and why; no final newline; cut short with "..." */
	char hint[1024]; /* what to do next, as a command where one exists; may be empty */
};

/* Each returns -1, so that `return fault_set(…);` is a failing function's last line. */
int fault_set(struct fault *fault, int status, const char *format, ...) A_PRINTF(3, 4);

/* As fault_set, with ": " and the text of `error` (an errno) behind. A status of 0 picks the one
 * that fits the error: EX_NOPERM for EACCES and EPERM, EX_OSERR otherwise. */
int fault_errno(struct fault *fault, int status, int error, const char *format, ...) A_PRINTF(4, 5);

/* Adds what to do next to a fault that is set. */
int fault_hint(struct fault *fault, const char *format, ...) A_PRINTF(2, 3);

#endif
