/* mirari init: the first files of a project. */
#include "core/fd.h"
#include "core/main.h"
#include "core/self.h"
#include "host/newfiles.h"
#include "model/locate.h"
#include "model/value.h"
#include "render/template.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	const char *kind;
	const char *name;
	bool dry_run;
	bool quiet;
};

enum { FILES_MAX = 4 };

static const struct {
	const char *kind;
	const char *files[FILES_MAX]; /* those in a directory of their own come last */
} kinds[] = {
    {"noip", {"mirari.yml", "hello.ml"}},
    {"http", {"mirari.yml", "dispatch.ml", "files/index.html"}},
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[5];
	static struct usage u = {
	    .tool = "mirari-init",
	    .purpose = "begin a project: a configuration and a first module",
	    .synopsis = "[OPTION]... [DIR]",
	    .examples = "  mirari init hello && cd hello && mirari configure && mirari build\n"
			"  mirari init --kind=http www\n"
			"  mirari init              # in this directory\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'k', "kind", "KIND", "noip (default: no network) or http", OPT_VALUE, &o->kind},
	    {0, "name", "NAME", "the unikernel's name (default: the directory's)", OPT_VALUE,
		&o->name},
	    {'n', "dry-run", NULL, "print what it would do, as shell", OPT_FLAG, &o->dry_run},
	    {'q', "quiet", NULL, "don't name the files", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_value(const char *option, enum value_type type, const char *words,
    const char *value, struct fault *fault)
{
	const struct value_rule rule = {.type = type, .words = words};
	struct buf expected A_CLEANUP(buf_free) = {0};
	const char *normal;

	if (value_check(&rule, value, &normal, &expected))
		return 0;
	return fault_set(fault, EX_USAGE, "%s: '%s' is not %s", option, value, buf_str(&expected));
}

/* The last part of the directory's path, which need not be there yet. */
static int name_of(const char *dir, struct buf *into, struct fault *fault)
{
	char resolved[PATH_MAX];
	size_t length, start;

	if (!realpath(dir, resolved)) {
		if (errno != ENOENT)
			return fault_errno(fault, 0, errno, "%s", dir);
		if (strlen(dir) >= sizeof resolved)
			return fault_errno(fault, EX_USAGE, ENAMETOOLONG, "%.80s", dir);
		memcpy(resolved, dir, strlen(dir) + 1);
	}
	length = strlen(resolved);
	while (length && resolved[length - 1] == '/')
		length--;
	for (start = length; start && resolved[start - 1] != '/';)
		start--;
	buf_add(into, resolved + start, length - start);
	if (check_value("the directory's name", VALUE_NAME, NULL, buf_str(into), fault) < 0)
		return fault_hint(fault, "mirari init --name=NAME %s", dir);
	return 0;
}

static int render(const char *kind, const char *file, const struct rec *values, struct buf *into,
    struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {.max = 1 << 20};

	if (self_share(&path, fault) < 0)
		return -1;
	buf_printf(&path, "/templates/init/%s/%s", kind, file);
	if (file_read(buf_str(&path), EX_OSERR, &text, fault) < 0)
		return -1;
	return template_render(buf_str(&path), &text, language_of(file), values, into, fault);
}

/* A mirari.yml would come before a *.conf that is there. */
static int check_no_config(const char *dir, struct fault *fault)
{
	struct located at A_CLEANUP(located_free) = {0};
	struct fault none;

	if (locate_config(dir, &at, &none) < 0 || !at.is_conf)
		return 0;
	fault_set(
	    fault, EX_CANTCREAT, "%s: has a configuration already: %s", dir, buf_str(&at.shown));
	return fault_hint(fault, "mirari-parse --format=yaml FILE.conf >mirari.yml converts it");
}

/* Refuses before anything is written when some file is there already. */
static int check_absent(const char *dir, const char *const *files, struct fault *fault)
{
	struct buf there A_CLEANUP(buf_free) = {0};
	struct stat st;

	for (; *files; files++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", dir, *files);
		if (lstat(buf_str(&path), &st) == 0)
			buf_printf(&there, "%s%s", there.length ? ", " : "", *files);
	}
	if (!there.length)
		return 0;
	fault_set(fault, EX_CANTCREAT, "%s: not overwritten: %s", dir, buf_str(&there));
	return fault_hint(fault, "choose another directory: mirari init DIR");
}

static int make_files(const struct options *o, const char *dir, const char *kind,
    const char *const *files, const struct rec *values, struct fault *fault)
{
	struct buf texts[FILES_MAX] = {0}, shown A_CLEANUP(buf_free) = {0};
	int result = 0;

	for (size_t i = 0; files[i] && result == 0; i++)
		result = render(kind, files[i], values, &texts[i], fault);
	if (result == 0 && o->dry_run)
		newfiles_show(dir, files, texts, &shown);
	else if (result == 0)
		result = newfiles_write(dir, files, texts, fault);
	put_bytes(&shown);
	for (size_t i = 0; result == 0 && !o->dry_run && !o->quiet && files[i]; i++)
		say_note("wrote %s/%s", dir, files[i]);
	for (size_t i = 0; i < FILES_MAX; i++)
		buf_free(&texts[i]);
	return result;
}

static int init(const struct options *o, const char *dir)
{
	struct rec values A_CLEANUP(rec_free) = {0};
	struct buf name A_CLEANUP(buf_free) = {0};
	const char *kind = o->kind ? o->kind : kinds[0].kind;
	const char *const *files = NULL;
	struct fault fault;

	if (check_value("--kind", VALUE_WORD, "noip http", kind, &fault) < 0)
		return say_fault(&fault);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (!strcmp(kind, kinds[i].kind))
			files = kinds[i].files;
	if (o->name)
		buf_adds(&name, o->name);
	if ((o->name ? check_value("--name", VALUE_NAME, NULL, o->name, &fault)
		     : name_of(dir, &name, &fault)) < 0 ||
	    rec_add(&values, "name", buf_str(&name), &fault) < 0 ||
	    check_absent(dir, files, &fault) < 0 || check_no_config(dir, &fault) < 0 ||
	    make_files(o, dir, kind, files, &values, &fault) < 0)
		return say_fault(&fault);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	const char *dir;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &dir);
	return status < 0 ? init(&o, dir ? dir : ".") : status;
}
