#include "host/provide.h"

#include "host/findlib.h"

#include <string.h>

/* The record's switch, if it has one. */
static const char *record_switch(const struct rec *record, struct buf *path)
{
	const char *name = rec_get(record, "switch"), *dir = rec_get(record, "config.dir");

	if (!name || !dir || name[0] == '/' || (name[0] != '.' && !strchr(name, '/')))
		return name;
	buf_printf(path, "%s/%s", dir, name);
	return buf_str(path);
}

static int opam_again(struct opam *o, const char *asked, const char *dir, struct fault *fault)
{
	opam_free(o);
	return opam_find(o, asked, dir, fault);
}

int provide_switch(struct opam *o, const char *asked, const struct rec *record,
    const struct opamchange *create, struct fault *fault)
{
	struct strv compilers A_CLEANUP(strv_free) = {0}, repositories A_CLEANUP(strv_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	const char *dir = rec_get(record, "config.dir");

	if (!asked)
		asked = record_switch(record, &path);
	if (opam_find(o, asked, dir, fault) < 0 && (!o->missing || !create))
		return -1;
	if (!create || !o->name.length)
		return 0;
	/* one that somebody else is making is there already, and may still go away */
	if (!o->missing && opamlock_wait(o, &create->limit, fault) < 0)
		return -1;
	if (!o->missing && opam_again(o, asked, dir, fault) == 0)
		return 0;
	rec_get_all(record, "opam.create", &compilers);
	rec_get_all(record, "opam.repository", &repositories);
	if (!o->missing || opam_create(o, &compilers, &repositories, create, fault) < 0)
		return -1;
	return opam_again(o, asked, dir, fault);
}

int provide_packages(const struct opam *o, const struct strv *packages, const struct rec *record,
    const struct opamchange *how, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0}, missing A_CLEANUP(strv_free) = {0};
	const char *allowed = rec_get(record, "install");

	if (packages->count && !o->name.length) {
		fault_set(fault, EX_UNAVAILABLE, "there is no opam switch to install %s into",
		    packages->items[0]);
		return fault_hint(fault, "opam init makes a root with one");
	}
	if (!o->name.length || (allowed && !strcmp(allowed, "false")))
		return 0;
	strv_add_all(&all, packages);
	rec_get_all(record, "packages", &all);
	if (opam_missing(o, &all, &missing, fault) < 0)
		return -1;
	return missing.count ? opam_install(o, &missing, how, fault) : 0;
}

int provide_check(const struct opam *o, const struct rec *record, struct fault *fault)
{
	struct strv libraries A_CLEANUP(strv_free) = {0};
	const char *builder = rec_get(record, "build.system");

	rec_get_all(record, "libraries", &libraries);
	if (!libraries.count)
		rec_get_all(record, "depends", &libraries);
	if (!libraries.count && !builder)
		return 0;
	if (builder && (!strcmp(builder, "command") || !strcmp(builder, "mirage")))
		builder = NULL;
	return findlib_check(o, builder, &libraries, fault);
}
