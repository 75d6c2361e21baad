/* The languages of generated files: how a value of the record is written in each. */
#ifndef MIRARI_RENDER_LANGUAGE_H
#define MIRARI_RENDER_LANGUAGE_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/strv.h"
#include "model/keys.h"

#include <stdbool.h>

enum language { LANGUAGE_OCAML, LANGUAGE_MAKE, LANGUAGE_DUNE, LANGUAGE_OBUILD, LANGUAGE_SHELL };

/* By the generated file's name: main.ml, Makefile, dune, main.obuild; shell for any other. */
enum language language_of(const char *file);

/* Appends a comment line. */
void language_comment(enum language language, const char *text, struct buf *into);

/*
 * Appends values of a key. `key` gives the type (NULL: a list of texts); `optional` asks for a form
 * that can also say "none" (in OCaml: None or (Some …)), which a key without values must have.
 * NULL, or why it can't be written: "is missing", "can't be written in a main.obuild".
 *
 *          text       number  boolean  value path  list
 * OCaml    "…"        80      true     M.value     ["…"; "…"]
 * make     escaped    80      true     M.value     words with blanks between
 * dune     atom/"…"   80      true     M.value     atoms with blanks between
 * obuild   plain      80      true     M.value     with ", " between
 * shell    quoted     80      true     M.value     words with blanks between
 */
const char *language_write(enum language language, const struct key *key, const struct strv *values,
    bool optional, struct buf *into) A_MUST_CHECK;

#endif
