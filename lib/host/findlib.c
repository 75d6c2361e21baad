#include "host/findlib.h"

#include "core/proc.h"
#include "core/shell.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

/* The packages of the programs; opam has no make. */
static const struct {
	const char *program, *debian, *opam;
} programs[] = {
    {"ocamlfind", "ocaml-findlib", "ocamlfind"},
    {"ocamlopt", "ocaml-nox", "ocaml"},
    {"ocamlbuild", "ocamlbuild", "ocamlbuild"},
    {"dune", "ocaml-dune", "dune"},
    {"obuild", "ocaml-obuild", "obuild"},
    {"make", "make", NULL},
};

/* Runs a command inside the switch; its output is dropped. */
static int run_inside(const struct opam *opam, const struct strv *command, struct buf *out,
    int *status, struct fault *fault)
{
	struct strv whole A_CLEANUP(strv_free) = {0};

	opam_exec_command(opam, command, &whole);
	if (proc_capture(&whole, NULL, out, status, fault) < 0)
		return opam_explain(&whole, fault);
	return 0;
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

/* The packages that apt knows, one a line with a newline in front; empty without apt. */
static void apt_names(struct buf *into)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct fault ignored;
	int status;

	strv_list(&command, "apt-cache", "pkgnames", "lib");
	buf_addc(into, '\n');
	if (proc_capture(&command, NULL, into, &status, &ignored) < 0 || status)
		buf_clear(into);
}

/* Debian's name for a library's package, by its policy: lib, the findlib name, -ocaml-dev. Several
 * libraries share a package under the first parts of their name, so parts are left off until apt
 * knows the name. */
static void debian_library(const char *library, const struct buf *known, struct strv *into)
{
	struct buf name A_CLEANUP(buf_free) = {0}, line A_CLEANUP(buf_free) = {0};
	struct buf first A_CLEANUP(buf_free) = {0};
	size_t length = strcspn(library, ".");

	for (; length; length -= length > 0) {
		buf_clear(&name);
		buf_adds(&name, strncmp(library, "lib", 3) ? "lib" : "");
		for (size_t i = 0; i < length; i++)
			buf_addc(&name,
			    library[i] == '_' ? '-' : (char)tolower((unsigned char)library[i]));
		buf_adds(&name, "-ocaml-dev");
		if (!first.length)
			buf_adds(&first, buf_str(&name));
		buf_clear(&line);
		buf_printf(&line, "\n%s\n", buf_str(&name));
		if (strstr(buf_str(known), buf_str(&line)))
			break;
		while (length > 1 && library[length - 1] != '-' && library[length - 1] != '_')
			length--;
	}
	if (!strv_has(into, buf_str(length ? &name : &first)))
		strv_add(into, buf_str(length ? &name : &first));
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

/* What opam installs goes to opam, the rest to apt. */
static void add_program(const char *program, bool in_switch, struct strv *opam, struct strv *debian)
{
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		if (strcmp(program, programs[i].program))
			continue;
		if (in_switch && programs[i].opam)
			strv_add(opam, programs[i].opam);
		else
			strv_add(debian, programs[i].debian);
	}
}

static void add_libraries(
    const struct strv *missing, bool in_switch, struct strv *opam, struct strv *debian)
{
	struct buf known A_CLEANUP(buf_free) = {0};

	if (missing->count && !in_switch)
		apt_names(&known);
	for (size_t i = 0; i < missing->count; i++) {
		if (in_switch)
			opam_library(missing->items[i], opam);
		else
			debian_library(missing->items[i], &known, debian);
	}
}

static int report(const struct opam *opam, const struct strv *lost, const struct strv *missing,
    struct fault *fault)
{
	struct buf what A_CLEANUP(buf_free) = {0}, how A_CLEANUP(buf_free) = {0};
	struct strv by_opam A_CLEANUP(strv_free) = {0}, by_apt A_CLEANUP(strv_free) = {0};
	bool in_switch = opam->name.length > 0;

	if (lost->count) {
		buf_adds(&what, "program ");
		join(lost, ", ", &what);
	}
	if (missing->count) {
		buf_printf(&what, "%sfindlib library ", lost->count ? "; " : "");
		join(missing, ", ", &what);
	}
	for (size_t i = 0; i < lost->count; i++)
		add_program(lost->items[i], in_switch, &by_opam, &by_apt);
	add_libraries(missing, in_switch, &by_opam, &by_apt);
	if (by_apt.count) {
		buf_adds(&how, "apt-get install ");
		join(&by_apt, " ", &how);
	}
	if (by_opam.count) {
		buf_printf(&how, "%sopam install --switch=", by_apt.count ? " && " : "");
		shell_word(&how, buf_str(&opam->name));
		buf_addc(&how, ' ');
		join(&by_opam, " ", &how);
	}
	if (in_switch)
		fault_set(fault, EX_UNAVAILABLE, "missing in switch %s: %s", buf_str(&opam->name),
		    buf_str(&what));
	else
		fault_set(fault, EX_UNAVAILABLE, "missing on this machine: %s", buf_str(&what));
	return fault_hint(fault, "%s", buf_str(&how));
}

/* A switch's own programs come before those of PATH. */
static bool has_program(const struct opam *opam, const char *program)
{
	struct buf path A_CLEANUP(buf_free) = {0}, found A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "%s/bin/%s", buf_str(&opam->prefix), program);
	return (opam->name.length && access(buf_str(&path), X_OK) == 0) ||
	       proc_find(program, &found) == 0;
}

int findlib_check(
    const struct opam *opam, const char *builder, const struct strv *libraries, struct fault *fault)
{
	struct strv lost A_CLEANUP(strv_free) = {0}, missing A_CLEANUP(strv_free) = {0};
	const char *const wanted[] = {"ocamlfind", "ocamlopt", builder, "make"};

	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		if (wanted[i] && !has_program(opam, wanted[i]))
			strv_add(&lost, wanted[i]);
	if (strv_has(&lost, "ocamlfind"))
		strv_add_all(&missing, libraries);
	else if (missing_libraries(opam, libraries, &missing, fault) < 0)
		return -1;
	if (lost.count || missing.count)
		return report(opam, &lost, &missing, fault);
	return 0;
}
