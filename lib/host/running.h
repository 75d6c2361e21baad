/*
 * Running a unikernel: a project's, built first where something has changed, or one that is there
 * as a file. First what it is and the whole command are found out, then it may be shown, or built
 * and started.
 */
#ifndef MIRARI_HOST_RUNNING_H
#define MIRARI_HOST_RUNNING_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/verb.h"

#include <stdbool.h>
#include <stddef.h>

struct running {
	struct verb verb;      /* its file may be a unikernel */
	struct strv arguments; /* of the unikernel */
	struct strv published;
	const char *name, *tender, *memory;  /* NULL: not given, as in the next two lines */
	const char *place;                   /* --on */
	const char *restart, *cpus, *cpuset; /* for mirari-supervise or systemd */
	const char *log_size, *log_files;    /* for mirari-supervise */
	bool rootless, detach, systemd, no_build;

	/* by running_find */
	bool binary;          /* the file is what is to be run */
	bool networked;       /* so it is, and has a network device */
	bool to_build;        /* something has changed */
	struct buf program;   /* absolute */
	struct strv command;  /* all of it */
	size_t program_index; /* where in it */
};

void running_free(struct running *r);

/* 0; -1 with a fault; or, when a tool failed and has said why, its exit status. */
int running_find(struct running *r, struct fault *fault) A_MUST_CHECK;

/* Appends it as somebody would type it. */
int running_show(const struct running *r, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* Builds if need be, and sees that what is to be run is there, with what it needs. Returns as
 * running_find. */
int running_prepare(const struct running *r, struct fault *fault) A_MUST_CHECK;

/* Becomes it; or, detached, starts it and sets *answer. Returns as running_find. */
int running_start(const struct running *r, struct rec *answer, struct fault *fault) A_MUST_CHECK;

#endif
