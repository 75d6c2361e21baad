#include "host/opam.h"

#include "core/proc.h"
#include "core/shell.h"
#include "host/opamfile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	return opamfile_read(buf_str(&prefix), ".opam-switch/switch-config", &text) &&
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

	if (!opamfile_read(buf_str(&o->root), "config", &text) ||
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
	bool known = opamfile_read(buf_str(&o->root), "config", &text) &&
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
	return fault_hint(fault,
	    "--create-switch makes it, as does opam switch create --no-switch %s COMPILER",
	    buf_str(&quoted));
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
	o->missing = !exists(buf_str(&o->prefix), ".opam-switch/switch-config");
	return o->missing ? no_such_switch(o, fault) : 0;
}

int opam_explain(const struct strv *command, struct fault *fault)
{
	if (fault->status == EXIT_NOT_FOUND && !strcmp(command->items[0], "opam"))
		fault_hint(fault, "apt-get install opam");
	return -1;
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

int opam_environment(const struct opam *o, struct strv *into, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0}, whole A_CLEANUP(strv_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};
	int status = 0;

	strv_list(&command, "env", "-0");
	opam_exec_command(o, &command, &whole);
	if (whole.count == command.count) {
		strv_add_words(into, (const char *const *)environ);
		return 0;
	}
	if (proc_capture(&whole, NULL, &out, &status, fault) < 0)
		return opam_explain(&whole, fault);
	if (status)
		return fault_set(fault, status, "opam exec failed with status %d", status);
	for (size_t at = 0; at < out.length; at += strlen(out.bytes + at) + 1)
		strv_add(into, out.bytes + at);
	return 0;
}
