/*
 * What a tool for unikernels works on: a file, or what a project builds whose record is on standard
 * input, or both.
 */
#ifndef MIRARI_HOST_SUBJECT_H
#define MIRARI_HOST_SUBJECT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"
#include "model/image.h"

#include <stdbool.h>

struct subject {
	struct rec record; /* checked */
	struct buf path;   /* the unikernel's file */
	struct image image;
	int fd; /* it, open; -1 if it isn't */
};

void subject_free(struct subject *s);

struct subject_request {
	const char *tool;       /* "mirari-xl config": for a hint */
	const char *file;       /* NULL: the record's artifact */
	bool record;            /* read one from standard input; it is also read without a file */
	const struct strv *set; /* KEY=VALUE, applied to it */
};

/* Is a record read from standard input? */
bool subject_takes_record(const struct subject_request *r);

/* The record that settings alone make. EX_USAGE: what is wrong in it. */
int subject_settings(const struct strv *set, struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Reads the record: EX_USAGE when there is neither a file nor, on a terminal, a record; and when
 * what is wrong in it comes from the command line. */
int subject_record(
    const struct subject_request *r, struct rec *record, struct fault *fault) A_MUST_CHECK;

/* The same, and opens and reads the file. `s` is {.fd = -1}. */
int subject_find(
    const struct subject_request *r, struct subject *s, struct fault *fault) A_MUST_CHECK;

#endif
