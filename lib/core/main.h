/*
 * What every tool's main() shares. main.c has the main(): it opens descriptors 0 to 2 if they are
 * closed, calls tool_main, then flushes and checks standard output, so that a tool whose output got
 * lost fails with EX_IOERR. This module alone prints messages.
 */
#ifndef MIRARI_CORE_MAIN_H
#define MIRARI_CORE_MAIN_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/opt.h"
#include "core/rec.h"
#include "core/report.h"
#include "core/strv.h"

/* The tool itself, in bin/; returns its exit status. */
int tool_main(int argc, char **argv);

/* "TOOL: text", on the next line the hint, to standard error; returns the fault's status. What
 * can't be printed is replaced (core/printable.h). */
int say_fault(const struct fault *fault);

/* The same for a note that is not a failure. */
void say_note(const char *format, ...) A_PRINTF(1, 2);

/* The lines of a report. */
void say_report(const struct report *report);

/* Writes the bytes to standard output; a failure is found when the tool ends. */
void put_bytes(const struct buf *bytes);

/* Options and operands: -1 to go on, else the status to end with (all has been printed). */
int tool_options(const struct usage *usage, int argc, char **argv, struct strv *operands);

/* For tools that take one file or none: sets *file (NULL for none) and returns -1, or says what is
 * wrong and returns EX_USAGE. */
int tool_one_file(const struct strv *operands, const char **file);

/* Writes the record, or only the values of one key when `get` is not NULL (EXIT_NO when there are
 * none); returns the exit status. */
int put_record(const struct rec *record, const char *get);

#endif
