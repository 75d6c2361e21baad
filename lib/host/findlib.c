#include "host/findlib.h"

#include "core/proc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Debian's packages of the programs. */
static const struct {
	const char *program, *debian;
} programs[] = {
    {"ocamlfind", "ocaml-findlib"},
    {"ocamlopt", "ocaml-nox"},
    {"ocamlbuild", "ocamlbuild"},
    {"dune", "ocaml-dune"},
    {"obuild", "ocaml-obuild"},
    {"make", "make"},
};

/* Runs a command inside the switch; its output is dropped. */
static int run_inside(const struct opam *opam, const struct strv *command, struct buf *out,
    int *status, struct fault *fault)
{
	struct strv whole A_CLEANUP(strv_free) = {0};

	opam_exec_command(opam, command, &whole);
	return proc_capture(&whole, NULL, out, status, fault);
}

/* Are these libraries known to findlib? -qe keeps it quiet about those that aren't. */
static int query(
    const struct opam *opam, const struct strv *libraries, bool *known, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};
	int status;

	strv_list(&command, "ocamlfind", "query", "-qe", "-format", "%p");
	strv_add_all(&command, libraries);
	if (run_inside(opam, &command, &out, &status, fault) < 0)
		return -1;
	*known = status == 0;
	return 0;
}

static int missing_libraries(const struct opam *opam, const struct strv *libraries,
    struct strv *missing, struct fault *fault)
{
	bool known = true;

	if (libraries->count && query(opam, libraries, &known, fault) < 0)
		return -1;
	for (size_t i = 0; !known && i < libraries->count; i++) {
		struct strv one A_CLEANUP(strv_free) = {0};
		bool here;

		strv_add(&one, libraries->items[i]);
		if (query(opam, &one, &here, fault) < 0)
			return -1;
		if (!here)
			strv_add(missing, libraries->items[i]);
	}
	return 0;
}

/* Debian's name for a library's package, by its policy: lib, the findlib name, -ocaml-dev. */
static void debian_library(const char *library, struct strv *into)
{
	struct buf name A_CLEANUP(buf_free) = {0};
	size_t length = strcspn(library, ".");

	buf_adds(&name, strncmp(library, "lib", 3) ? "lib" : "");
	for (size_t i = 0; i < length; i++)
		buf_addc(&name, library[i] == '_' ? '-' : (char)tolower((unsigned char)library[i]));
	buf_adds(&name, "-ocaml-dev");
	if (!strv_has(into, buf_str(&name)))
		strv_add(into, buf_str(&name));
}

static void opam_library(const char *library, struct strv *into)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	buf_add(&name, library, strcspn(library, "."));
	if (!strv_has(into, buf_str(&name)))
		strv_add(into, buf_str(&name));
}

static void join(const struct strv *words, const char *between, struct buf *into)
{
	for (size_t i = 0; i < words->count; i++)
		buf_printf(into, "%s%s", i ? between : "", words->items[i]);
}

static int report(const struct opam *opam, const struct strv *missing_programs,
    const struct strv *missing, struct fault *fault)
{
	struct buf what A_CLEANUP(buf_free) = {0}, how A_CLEANUP(buf_free) = {0};
	struct strv packages A_CLEANUP(strv_free) = {0};
	bool in_switch = opam->name.length > 0;

	for (size_t i = 0; i < missing_programs->count; i++)
		for (size_t k = 0; k < COUNT_OF(programs); k++)
			if (!strcmp(missing_programs->items[i], programs[k].program))
				strv_add(&packages,
				    in_switch ? programs[k].program : programs[k].debian);
	for (size_t i = 0; i < missing->count; i++) {
		if (in_switch)
			opam_library(missing->items[i], &packages);
		else
			debian_library(missing->items[i], &packages);
	}
	if (missing_programs->count) {
		buf_adds(&what, "program ");
		join(missing_programs, ", ", &what);
	}
	if (missing->count) {
		buf_printf(&what, "%sfindlib library ", missing_programs->count ? "; " : "");
		join(missing, ", ", &what);
	}
	join(&packages, " ", &how);
	if (in_switch) {
		fault_set(fault, EX_UNAVAILABLE, "missing in switch %s: %s", buf_str(&opam->name),
		    buf_str(&what));
		return fault_hint(
		    fault, "opam install --switch=%s %s", buf_str(&opam->name), buf_str(&how));
	}
	fault_set(fault, EX_UNAVAILABLE, "missing on this machine: %s", buf_str(&what));
	return fault_hint(fault, "apt-get install %s", buf_str(&how));
}

int findlib_check(
    const struct opam *opam, const char *builder, const struct strv *libraries, struct fault *fault)
{
	struct strv lost A_CLEANUP(strv_free) = {0}, missing A_CLEANUP(strv_free) = {0};
	const char *const wanted[] = {"ocamlfind", "ocamlopt", builder, "make"};
	bool in_switch = opam->name.length > 0;

	/* a switch has its own; whether ocamlfind runs there is seen below */
	for (size_t i = 0; !in_switch && i < COUNT_OF(wanted); i++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		if (wanted[i] && proc_find(wanted[i], &path) < 0)
			strv_add(&lost, wanted[i]);
	}
	if (strv_has(&lost, "ocamlfind"))
		strv_add_all(&missing, libraries);
	else if (missing_libraries(opam, libraries, &missing, fault) < 0)
		return -1;
	if (lost.count || missing.count)
		return report(opam, &lost, &missing, fault);
	return 0;
}
