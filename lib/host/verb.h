/*
 * What the verbs (configure, build, run) share: their options, the record of the project that they
 * work on, and the pipelines of tools that they are made of. A verb does nothing that a pipeline of
 * the tools doesn't; with --dry-run it prints that pipeline instead, for a shell.
 */
#ifndef MIRARI_HOST_VERB_H
#define MIRARI_HOST_VERB_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/opt.h"
#include "core/pipeline.h"
#include "core/rec.h"

#include <stdbool.h>

struct verb {
	const char *target;
	const char *opam_switch;
	struct strv set;
	bool xen, unix_direct, unix_socket; /* the flags of 2013 */
	bool no_install, install_system, create_switch;
	const char *wait;
	bool force;
	bool diff;
	bool dry_run;
	bool quiet;

	const char *file; /* by tool_one_file; NULL: to be found */
	struct rec
	    inherited;     /* what the project was configured with, if options are taken from it */
	struct rec record; /* by verb_parse */
	struct buf text;   /* the same, as mirari-parse wrote it */
	struct buf made;   /* by verb_configure: the record that its last tool wrote */
};

void verb_free(struct verb *v);

/* The options that choose what is worked on, and -n. */
#define VERB_OPTIONS(v) \
	{'t', "target", "TARGET", "the target (default: the file's, else unix-socket)", OPT_VALUE, \
	    &(v)->target}, \
	    {'s', "switch", "SWITCH", "build in this opam switch", OPT_VALUE, &(v)->opam_switch}, \
	    {0, "set", "KEY=VALUE", "change the configuration (repeatable)", OPT_LIST, &(v)->set}, \
	    {0, "socket", NULL, "as --target=unix-socket", OPT_FLAG, &(v)->unix_socket}, \
	    {0, "unix", NULL, "as --target=unix-direct", OPT_FLAG, &(v)->unix_direct}, \
	    {0, "xen", NULL, "as --target=xen", OPT_FLAG, &(v)->xen}, \
	{ \
		'n', "dry-run", NULL, "print the pipeline instead of running it", OPT_FLAG, \
		    &(v)->dry_run \
	}

/* Those about installing. */
#define VERB_INSTALL_OPTIONS(v) \
	{0, "no-install", NULL, "don't install or check packages", OPT_FLAG, &(v)->no_install}, \
	    {0, "install-system", NULL, "let opam install system packages too", OPT_FLAG, \
		&(v)->install_system}, \
	    {0, "create-switch", NULL, "make the opam switch if it isn't there", OPT_FLAG, \
		&(v)->create_switch}, \
	{ \
		0, "wait", "SECONDS", "how long another opam is waited for (default 300)", \
		    OPT_VALUE, &(v)->wait \
	}

/* Checks the options (EX_USAGE): 2013's flags become --target. With `inherit`, a command line that
 * has none of --target, --switch, --set and --no-install takes those of the last configure. */
int verb_check(struct verb *v, bool inherit, struct fault *fault) A_MUST_CHECK;

/* Runs mirari-parse; the record and its text are then set. 0; -1 with a fault; or, when the tool
 * failed and has said why, its exit status. */
int verb_parse(struct verb *v, struct fault *fault) A_MUST_CHECK;

/* True when the project was configured with exactly this record. */
bool verb_is_configured(const struct verb *v);

/* Appends the target that the project was last configured for, beside its sources; false when there
 * is none. */
bool verb_configured_target(const struct verb *v, struct buf *into);

/* Configures: mirari-gen and, unless it's not to install, mirari-opam-exec --install; then the
 * record is kept for verb_is_configured. Returns as verb_parse. */
int verb_configure(struct verb *v, struct fault *fault) A_MUST_CHECK;

/* The same as shell text, appended, without a newline. */
int verb_show_configure(const struct verb *v, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* The stage `mirari-parse …`, appended to the words. */
void verb_parse_command(const struct verb *v, struct strv *into);

/* `mirari-build` with the options and the file of this one, appended to the words. */
void verb_build_command(const struct verb *v, struct strv *into);

/* Adds the configuration's targets, the default first, by mirari-parse --list-targets. Returns as
 * verb_parse. */
int verb_targets(const struct verb *v, struct strv *into, struct fault *fault) A_MUST_CHECK;

#endif
