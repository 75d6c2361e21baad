/* What a build needs beside the project's own files: programs, and findlib's libraries. */
#ifndef MIRARI_HOST_FINDLIB_H
#define MIRARI_HOST_FINDLIB_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "host/opam.h"

/* Checks, inside the switch or on PATH when there is none, that ocamlfind, the compiler, the
 * builder ("ocamlbuild", "dune", "obuild"; NULL for none of ours) and all of the libraries are
 * there. EX_UNAVAILABLE, with exactly what is missing, and the command that installs it. */
int findlib_check(const struct opam *opam, const char *builder, const struct strv *libraries,
    struct fault *fault) A_MUST_CHECK;

#endif
