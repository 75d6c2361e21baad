/* From a record to the files that it describes: templates rendered, directories embedded. */
#ifndef MIRARI_HOST_GENERATE_H
#define MIRARI_HOST_GENERATE_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "host/project.h"

#include <stddef.h>

struct generated {
	struct output *outputs; /* owned */
	size_t count;
};

void generated_free(struct generated *g);

/* Fills in what the record leaves open: build.system (dune where there is a dune-project, else
 * ocamlbuild), build.command, artifact, libraries. A combination that nothing is generated for is
 * EX_DATAERR. */
int generate_complete(struct rec *record, struct fault *fault) A_MUST_CHECK;

/* The files for a completed record, by their paths in its config.dir. Nothing is written. */
int generate_files(
    const struct rec *record, struct generated *into, struct fault *fault) A_MUST_CHECK;

#endif
