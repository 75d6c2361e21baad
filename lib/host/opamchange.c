#include "host/opamchange.h"

#include "host/depexts.h"
#include "host/opamfile.h"
#include "host/opamversion.h"

#include <string.h>

/* Does an installed "name.version" satisfy what was asked: a name, name.version, or name>=version?
 */
static bool satisfies(const char *have, const char *asked)
{
	size_t name = strcspn(asked, ".<>=!");
	const char *op = asked + name, *version = op;
	int order;

	if (strncmp(have, asked, name) || have[name] != '.')
		return false;
	if (!*op)
		return true;
	version += *op == '.' ? 1 : strspn(op, "<>=!");
	order = opamversion_compare(have + name + 1, version);
	switch (*op) {
	case '<':
		return order < 0 || (op[1] == '=' && order == 0);
	case '>':
		return order > 0 || (op[1] == '=' && order == 0);
	case '!':
		return order != 0;
	default:
		return order == 0;
	}
}

int opam_missing(
    const struct opam *o, const struct strv *packages, struct strv *missing, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct strv installed A_CLEANUP(strv_free) = {0};

	/* an empty switch has no such file, and one with nothing but pins no such field */
	if (opamfile_read(buf_str(&o->prefix), ".opam-switch/switch-state", &text) &&
	    !opamfile_strings(buf_str(&text), "installed", &installed) && installed.count)
		return fault_set(fault, EX_DATAERR, "%s/.opam-switch/switch-state: is cut short",
		    buf_str(&o->prefix));
	for (size_t i = 0; i < packages->count; i++) {
		bool there = false;

		for (size_t k = 0; k < installed.count && !there; k++)
			there = satisfies(installed.items[k], packages->items[i]);
		if (!there)
			strv_add(missing, packages->items[i]);
	}
	return 0;
}

/* opam's exit statuses: opam(1), "EXIT STATUS". */
static int explain(int status, const char *what, struct fault *fault)
{
	static const struct {
		int theirs, ours;
		const char *what, *hint;
	} statuses[] = {
	    {2, EX_DATAERR, "opam refuses that", "opam's reasons stand above"},
	    {5, EX_DATAERR,
		"a package or version that opam doesn't know, or a system package that there isn't",
		"'opam update' fetches the newest list; 'opam search NAME' looks in it"},
	    {10, EXIT_NO, "opam stopped before it installed anything",
		"opam's reasons stand above"},
	    {15, EX_TEMPFAIL, "another opam works on this switch", "try again when it is done"},
	    {20, EXIT_NO, "there is no way to install it beside what the switch has",
		"opam's reasons stand above"},
	    {30, EX_OSERR, "opam could not read or write one of its files", ""},
	    {31, EXIT_NO, "a package failed to build", "its log is named above"},
	    {40, EX_UNAVAILABLE, "something could not be fetched", "is the network there?"},
	    {50, EX_DATAERR, "opam's root is not in order", "opam's reasons stand above"},
	};

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (statuses[i].theirs != status)
			continue;
		fault_set(fault, statuses[i].ours, "%s: %s", what, statuses[i].what);
		return *statuses[i].hint ? fault_hint(fault, "%s", statuses[i].hint) : -1;
	}
	return fault_set(fault, status > EXIT_SIGNALLED ? status : EXIT_NO,
	    "%s: failed with status %d", what, status);
}

/* Runs it; 0, or -1 with what opam's status means. `packages` are those whose system packages may
 * be what was missing. */
static int change(const struct opam *o, const struct strv *command, const char *what,
    const struct strv *packages, const char *repositories, const struct opamchange *how,
    struct fault *fault)
{
	enum { ABORTED = 10 }; /* above all: system packages are missing */
	int status;

	if (opamlock_run(o, command, &how->limit, &status, fault) < 0)
		return opam_explain(command, fault);
	if (status == ABORTED &&
	    depexts_explain(o, packages, repositories, what, how->depexts, fault))
		return -1;
	return status ? explain(status, what, fault) : 0;
}

static void start(struct strv *command, const struct opam *o, const struct opamchange *how)
{
	strv_add(command, how->depexts ? "--confirm-level=unsafe-yes" : "--yes");
	strv_addf(command, "--root=%s", buf_str(&o->root));
}

int opam_install(const struct opam *o, const struct strv *packages, const struct opamchange *how,
    struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf what A_CLEANUP(buf_free) = {0};

	buf_adds(&what, "opam install");
	for (size_t i = 0; i < packages->count; i++)
		buf_printf(&what, " %s", packages->items[i]);
	strv_list(&command, "opam", "install");
	start(&command, o, how);
	strv_addf(&command, "--switch=%s", buf_str(&o->name));
	strv_add(&command, "--");
	strv_add_all(&command, packages);
	return change(o, &command, buf_str(&what), packages, NULL, how, fault);
}

static void join(const struct strv *words, const char *option, struct strv *command)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < words->count; i++)
		buf_printf(&text, "%s%s", i ? "," : option, words->items[i]);
	if (words->count)
		strv_add(command, buf_str(&text));
}

static bool is_among(const struct strv *repositories, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < repositories->count; i++)
		if (!strncmp(repositories->items[i], name, length) &&
		    repositories->items[i][length] == '=')
			return true;
	return false;
}

/* opam replaces the root's repositories by those that it is given, so these come behind. */
static void all_repositories(
    const struct opam *o, const struct strv *repositories, struct strv *all)
{
	struct strv roots A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	strv_add_all(all, repositories);
	if (!opamfile_read(buf_str(&o->root), "config", &text) ||
	    !opamfile_strings(buf_str(&text), "repositories", &roots))
		return;
	for (size_t i = 0; i < roots.count; i++)
		if (!is_among(repositories, roots.items[i]))
			strv_add(all, roots.items[i]);
}

/* Those that are registered, as they are once opam has begun to make the switch. */
static void names_of(const struct strv *repositories, struct buf *into)
{
	for (size_t i = 0; i < repositories->count; i++)
		buf_printf(into, "%s%.*s", i ? "," : "", (int)strcspn(repositories->items[i], "="),
		    repositories->items[i]);
}

int opam_create(const struct opam *o, const struct strv *compilers, const struct strv *repositories,
    const struct opamchange *how, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0}, all A_CLEANUP(strv_free) = {0};
	struct buf what A_CLEANUP(buf_free) = {0}, names A_CLEANUP(buf_free) = {0};
	struct opam again A_CLEANUP(opam_free) = {0};
	struct fault ignored;

	buf_printf(&what, "opam switch create %s", buf_str(&o->name));
	strv_list(&command, "opam", "switch", "create");
	start(&command, o, how);
	/* --no-install: what else is in a local switch's directory is none of our business */
	strv_list(&command, "--no-switch", "--no-install");
	if (repositories->count) {
		all_repositories(o, repositories, &all);
		join(&all, "--repositories=", &command);
		names_of(&all, &names);
	}
	/* one word may be a version, which stands for the compilers that have it */
	if (compilers->count > 1)
		join(compilers, "--packages=", &command);
	strv_list(&command, "--", buf_str(&o->name));
	if (compilers->count == 1)
		strv_add(&command, compilers->items[0]);
	if (change(o, &command, buf_str(&what), compilers, buf_str(&names), how, fault) == 0)
		return 0;
	/* opam refuses to make one that is there */
	if (fault->status != EX_DATAERR)
		return -1;
	if (opam_find(&again, buf_str(&o->name), NULL, &ignored) == 0)
		return 0;
	return compilers->count
		   ? -1
		   : fault_hint(fault,
			 "say what it is made of: switch: { name: %s, create: 4.14.1 }",
			 buf_str(&o->name));
}
