#include "host/opam.h"

#include "core/fd.h"
#include "core/proc.h"
#include "core/shell.h"
#include "host/opamfile.h"
#include "host/opamversion.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16 << 20 };

void opam_free(struct opam *o)
{
	buf_free(&o->root);
	buf_free(&o->name);
	buf_free(&o->prefix);
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Reads dir/file; false when there is none. */
static bool read_in(const char *dir, const char *file, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	buf_printf(&path, "%s/%s", dir, file);
	into->max = FILE_MAX_BYTES;
	return file_read(buf_str(&path), EX_DATAERR, into, &ignored) == 0;
}

static bool exists(const char *dir, const char *file)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "%s/%s", dir, file);
	return access(buf_str(&path), F_OK) == 0;
}

/* The root, absolute and without links, when opam has been initialised there. */
static void find_root(struct opam *o)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	char resolved[PATH_MAX];

	if (env("OPAMROOT"))
		buf_adds(&path, env("OPAMROOT"));
	else if (env("HOME"))
		buf_printf(&path, "%s/.opam", env("HOME"));
	if (path.length && realpath(buf_str(&path), resolved) && exists(resolved, "config"))
		buf_adds(&o->root, resolved);
}

/* True for a directory with an _opam that belongs to this root. */
static bool has_local_switch(const struct opam *o, const char *dir)
{
	struct buf prefix A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};
	struct strv root A_CLEANUP(strv_free) = {0};
	char resolved[PATH_MAX];

	buf_printf(&prefix, "%s/_opam", strcmp(dir, "/") ? dir : "");
	return read_in(buf_str(&prefix), ".opam-switch/switch-config", &text) &&
	       opamfile_strings(buf_str(&text), "opam-root", &root) &&
	       realpath(root.items[0], resolved) && !strcmp(resolved, buf_str(&o->root));
}

static bool find_local_switch(struct opam *o, const char *from)
{
	char dir[PATH_MAX];

	if (!realpath(from ? from : ".", dir))
		return false;
	for (;;) {
		char *slash;

		if (has_local_switch(o, dir)) {
			buf_adds(&o->name, dir);
			return true;
		}
		slash = strrchr(dir, '/');
		if (!slash || !dir[1])
			return false;
		slash[slash == dir] = '\0';
	}
}

static bool find_current_switch(struct opam *o)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct strv name A_CLEANUP(strv_free) = {0};

	if (!read_in(buf_str(&o->root), "config", &text) ||
	    !opamfile_strings(buf_str(&text), "switch", &name))
		return false;
	buf_adds(&o->name, name.items[0]);
	return true;
}

/* An _opam that is a link, as `opam switch link` makes it: to a switch of the root, to another
 * directory's switch, or to a prefix anywhere. */
static void follow_link(struct opam *o, const char *prefix)
{
	const char *last = strrchr(prefix, '/');
	size_t length = (size_t)(last - prefix);

	buf_clear(&o->prefix);
	buf_adds(&o->prefix, prefix);
	if (length == o->root.length && !strncmp(prefix, buf_str(&o->root), length)) {
		buf_clear(&o->name);
		buf_adds(&o->name, last + 1);
	} else if (!strcmp(last, "/_opam")) {
		buf_clear(&o->name);
		buf_add(&o->name, prefix, length);
	}
}

/* A name with a slash, or that begins with a dot, is a directory: its switch is in its _opam. */
static void set_prefix(struct opam *o)
{
	const char *name = buf_str(&o->name);
	char resolved[PATH_MAX];

	if (name[0] != '.' && !strchr(name, '/')) {
		buf_printf(&o->prefix, "%s/%s", buf_str(&o->root), name);
		return;
	}
	if (realpath(name, resolved)) {
		buf_clear(&o->name);
		buf_adds(&o->name, resolved);
	}
	buf_printf(&o->prefix, "%s/_opam", buf_str(&o->name));
	if (realpath(buf_str(&o->prefix), resolved) && strcmp(resolved, buf_str(&o->prefix)))
		follow_link(o, resolved);
}

static int no_such_switch(const struct opam *o, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0}, names A_CLEANUP(buf_free) = {0};
	struct buf quoted A_CLEANUP(buf_free) = {0};
	struct strv installed A_CLEANUP(strv_free) = {0};
	bool known = read_in(buf_str(&o->root), "config", &text) &&
		     opamfile_strings(buf_str(&text), "installed-switches", &installed);

	for (size_t i = 0; known && i < installed.count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", installed.items[i]);
	fault_set(fault, EX_DATAERR, "no opam switch %s in %s; there %s", buf_str(&o->name),
	    buf_str(&o->root), names.length ? "are:" : "is none");
	if (names.length && strlen(fault->text) + names.length + 2 < sizeof fault->text) {
		size_t length = strlen(fault->text);

		fault->text[length] = ' ';
		memcpy(fault->text + length + 1, buf_str(&names), names.length + 1);
	}
	shell_word(&quoted, buf_str(&o->name));
	return fault_hint(
	    fault, "opam switch create --no-switch %s COMPILER makes it", buf_str(&quoted));
}

static int no_root(const char *asked, struct fault *fault)
{
	fault_set(fault, EX_DATAERR, "switch %s was asked for, but there is no opam root in %s",
	    asked, env("OPAMROOT") ? env("OPAMROOT") : "~/.opam");
	return fault_hint(
	    fault, "opam init makes one; without 'switch' the compiler on PATH is used");
}

int opam_find(struct opam *o, const char *asked, const char *dir, struct fault *fault)
{
	find_root(o);
	if (!o->root.length)
		return asked ? no_root(asked, fault) : 0;
	if (!asked)
		asked = env("OPAMSWITCH");
	if (asked)
		buf_adds(&o->name, asked);
	else if (!find_local_switch(o, dir) && !find_current_switch(o))
		return 0;
	set_prefix(o);
	if (!exists(buf_str(&o->prefix), ".opam-switch/switch-config"))
		return no_such_switch(o, fault);
	return 0;
}

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
	if (read_in(buf_str(&o->prefix), ".opam-switch/switch-state", &text) &&
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

int opam_explain(const struct strv *command, struct fault *fault)
{
	if (fault->status == EXIT_NOT_FOUND && !strcmp(command->items[0], "opam"))
		fault_hint(fault, "apt-get install opam");
	return -1;
}

/* opam's exit statuses: opam(1), "EXIT STATUS". */
static int install_fault(int status, const char *packages, struct fault *fault)
{
	static const struct {
		int theirs, ours;
		const char *what, *hint;
	} statuses[] = {
	    {5, EX_DATAERR,
		"a package or version that opam doesn't know, or a system package that there isn't",
		"'opam update' fetches the newest list; 'opam search NAME' looks in it"},
	    {10, EXIT_NO, "opam stopped before it installed anything",
		"system packages are missing, probably: what to install stands above"},
	    {15, EX_TEMPFAIL, "another opam works on this switch", "try again when it is done"},
	    {20, EXIT_NO, "there is no way to install it beside what the switch has",
		"opam's reasons stand above"},
	    {30, EX_OSERR, "opam could not read or write one of its files", ""},
	    {31, EXIT_NO, "a package failed to build", "its log is named above"},
	    {40, EX_UNAVAILABLE, "a package could not be fetched", "is the network there?"},
	    {50, EX_DATAERR, "opam's root is not in order", "opam's reasons stand above"},
	};

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (statuses[i].theirs != status)
			continue;
		fault_set(
		    fault, statuses[i].ours, "opam install%s: %s", packages, statuses[i].what);
		return *statuses[i].hint ? fault_hint(fault, "%s", statuses[i].hint) : -1;
	}
	return fault_set(fault, status > EXIT_SIGNALLED ? status : EXIT_NO,
	    "opam install%s: failed with status %d", packages, status);
}

int opam_install(const struct opam *o, const struct strv *packages, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf names A_CLEANUP(buf_free) = {0};
	struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	int status;

	strv_list(&command, "opam", "install", "--yes");
	strv_addf(&command, "--root=%s", buf_str(&o->root));
	strv_addf(&command, "--switch=%s", buf_str(&o->name));
	strv_add(&command, "--");
	for (size_t i = 0; i < packages->count; i++) {
		strv_add(&command, packages->items[i]);
		buf_printf(&names, " %s", packages->items[i]);
	}
	if (proc_run(&command, &io, &status, fault) < 0)
		return fault->status == EXIT_NOT_FOUND ? fault_hint(fault, "apt-get install opam")
						       : -1;
	return status ? install_fault(status, buf_str(&names), fault) : 0;
}

/* Is the environment that of the switch already? */
static bool inside(const struct opam *o)
{
	const char *prefix = env("OPAM_SWITCH_PREFIX"), *path = env("PATH");
	struct buf bin A_CLEANUP(buf_free) = {0};
	const char *found;

	if (!prefix || !path || strcmp(prefix, buf_str(&o->prefix)))
		return false;
	/* in front: nothing may hide the switch's programs */
	buf_printf(&bin, "%s/bin", prefix);
	found = strstr(path, buf_str(&bin));
	return found == path && (path[bin.length] == ':' || !path[bin.length]);
}

void opam_exec_command(const struct opam *o, const struct strv *command, struct strv *into)
{
	if (!o->name.length || inside(o)) {
		strv_add_all(into, command);
		return;
	}
	strv_list(into, "opam", "exec");
	strv_addf(into, "--root=%s", buf_str(&o->root));
	strv_addf(into, "--switch=%s", buf_str(&o->name));
	strv_list(into, "--set-switch", "--set-root", "--");
	for (size_t i = 0; i < command->count; i++) {
		struct buf word A_CLEANUP(buf_free) = {0};

		for (const char *p = command->items[i]; *p; p++) {
			buf_addc(&word, *p);
			if (*p == '%')
				buf_addc(&word, '%');
		}
		strv_add(into, buf_str(&word));
	}
}
