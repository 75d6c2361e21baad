/*
 * Command-line options from one table, which gives parsing, --help, the completions' list and the
 * man page check. Long options are never abbreviated. Every tool also has --help, --version and
 * --list-options without naming them.
 */
#ifndef MIRARI_CORE_OPT_H
#define MIRARI_CORE_OPT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum opt_kind {
	OPT_FLAG,  /* into is a bool */
	OPT_VALUE, /* into is a const char *, borrowed from argv; the last one counts */
	OPT_LIST   /* into is a struct strv */
};

struct opt {
	char letter; /* 0 for none */
	const char *name;
	const char *argument; /* what --help calls the value; NULL for a flag */
	const char *help;
	enum opt_kind kind;
	void *into;
	unsigned commands; /* those that take it, as bits of struct opt_command; 0: all */
};

/* A tool that does several things is told which by its first word. */
struct opt_command {
	const char *name;
	unsigned bit;
	bool runs; /* the words behind it are a command: options end at the first of them */
};

struct usage {
	const char *tool;          /* "mirari-parse" */
	const char *purpose;       /* one line */
	const char *synopsis;      /* what follows the tool's name: "[OPTION]... [FILE]" */
	const char *examples;      /* whole lines, each indented by two blanks */
	const struct opt *options; /* ended by one without a name */
	bool command;              /* the operands are a command: options end at its first word */
	struct strv *behind;       /* where words behind -- go; NULL: to the operands */
	const char *behind_are;    /* what these are; NULL: "words for the unikernel" */
	const struct opt_command *commands; /* NULL: the tool does one thing; else ended by one
					       without a name */
	unsigned *chosen;                   /* the bit of the one that was named */
};

/* Options that every tool which reads a record has. */
#define OPT_RECORD(set, get) \
	{0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, set}, \
	{ \
		0, "get", "KEY", "print only the values of this key", OPT_VALUE, get \
	}

/* Sets the variables and puts the operands into *operands. 0, or -1 with EX_USAGE; 1 when --help,
 * --version or --list-options was asked for and has been appended to *answer. */
int opt_parse(const struct usage *usage, int argc, char **argv, struct strv *operands,
    struct buf *answer, struct fault *fault) A_MUST_CHECK;

/* The name of the command with that bit, or "". */
const char *opt_command_name(const struct opt_command *commands, unsigned bit);

/* An option --timeout=SECONDS in milliseconds; so many seconds when it wasn't given (NULL).
 * EX_USAGE. */
enum { OPT_TIMEOUT_MAX_S = 86400 };
int opt_timeout(const char *seconds, unsigned otherwise, int64_t *milliseconds,
    struct fault *fault) A_MUST_CHECK;

/* For tools that work on things by their names: EX_USAGE, with `hint`, unless there is exactly one.
 */
int opt_one_name(const struct strv *names, const char *hint, struct fault *fault) A_MUST_CHECK;

/* The same unless there are some, or `all` (--all) is there in place of them. */
int opt_some_names(
    const struct strv *names, bool all, const char *hint, struct fault *fault) A_MUST_CHECK;

#endif
