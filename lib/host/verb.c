#include "host/verb.h"

#include "core/fd.h"
#include "core/proc.h"
#include "core/shell.h"
#include "host/opamlock.h"
#include "host/project.h"
#include "model/artifact.h"
#include "model/locate.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void verb_free(struct verb *v)
{
	strv_free(&v->set);
	rec_free(&v->record);
	rec_free(&v->inherited);
	buf_free(&v->text);
	buf_free(&v->made);
}

#define KEPT ".mirari/configured"

static int choose_target(struct verb *v, struct fault *fault)
{
	const char *target = NULL;

	if (v->xen && (v->unix_direct || v->unix_socket))
		return fault_set(fault, EX_USAGE, "--xen and --%s are two targets: take one",
		    v->unix_direct ? "unix" : "socket");
	/* as in 2013, --socket with --unix is unix-socket */
	if (v->xen)
		target = "xen";
	else if (v->unix_socket)
		target = "unix-socket";
	else if (v->unix_direct)
		target = "unix-direct";
	if (target && v->target && strcmp(v->target, target))
		return fault_set(fault, EX_USAGE, "the flags ask for target %s, --target for %s",
		    target, v->target);
	if (target)
		v->target = target;
	if (v->opam_switch && !*v->opam_switch)
		return fault_set(fault, EX_USAGE, "--switch is empty: name a switch");
	return 0;
}

/* Where the record that it was last configured with is kept: with the project, or in a build.dir
 * that was only for this time. */
static void kept_path(const struct verb *v, struct buf *into)
{
	const char *option;

	for (size_t i = 0; rec_each(&v->record, "config.option", &i, &option);) {
		if (!strncmp(option, "set=build.dir=", 14)) {
			build_dir_path(&v->record, into);
			buf_adds(into, "/" KEPT);
			return;
		}
	}
	buf_printf(into, "%s/" KEPT, rec_get(&v->record, "config.dir"));
}

static bool read_kept(const struct buf *path, struct buf *into)
{
	struct fault ignored;

	return file_read(buf_str(path), EX_DATAERR, into, &ignored) == 0;
}

static int parse_text(const struct buf *text, struct rec *into, struct fault *fault)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	int fd A_CLEANUP(fd_close) = proc_memory_file_of(text, fault);

	if (fd < 0)
		return -1;
	lineread_start(&from, fd, "mirari-parse");
	if (rec_read(into, &from, fault) != 1)
		return fault_set(fault, EX_SOFTWARE, "mirari-parse succeeded without a record");
	return 0;
}

/* The options that the record in .mirari/configured was made with, as if they had been given. */
static void inherit_options(struct verb *v)
{
	struct located at A_CLEANUP(located_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	const char *option;

	/* what is wrong with the file is mirari-parse's to say */
	if (locate_config(v->file, &at, &ignored) < 0)
		return;
	buf_printf(&path, "%s/" KEPT, buf_str(&at.dir));
	if (!read_kept(&path, &text) || parse_text(&text, &v->inherited, &ignored) < 0)
		return;
	for (size_t i = 0; rec_each(&v->inherited, "config.option", &i, &option);) {
		if (!strncmp(option, "target=", 7))
			v->target = option + 7;
		else if (!strcmp(option, "set=install=false"))
			v->no_install = true;
		else if (!strncmp(option, "set=", 4))
			strv_add(&v->set, option + 4);
	}
}

int verb_check(struct verb *v, bool inherit, struct fault *fault)
{
	struct opamlock_limit ignored = {0};

	if (v->file && !strcmp(v->file, "-"))
		return fault_set(fault, EX_USAGE,
		    "a project has its configuration in a file; mirari-parse alone reads standard "
		    "input");
	if (v->no_install && (v->install_system || v->create_switch || v->wait))
		return fault_set(fault, EX_USAGE, "--no-install doesn't go with --%s",
		    v->install_system  ? "install-system"
		    : v->create_switch ? "create-switch"
				       : "wait");
	if (choose_target(v, fault) < 0)
		return -1;
	if (opamlock_parse(&ignored, v->wait, fault) < 0)
		return -1;
	if (inherit && !v->target && !v->opam_switch && !v->set.count && !v->no_install)
		inherit_options(v);
	/* what is asked for now goes before the --no-install of the last configure */
	if (v->install_system || v->create_switch)
		v->no_install = false;
	return 0;
}

/* What chooses the record. */
static void add_settings(const struct verb *v, struct strv *into)
{
	if (v->quiet)
		strv_add(into, "--quiet");
	if (v->target)
		strv_addf(into, "--target=%s", v->target);
	if (v->opam_switch)
		strv_addf(into, "--set=switch=%s", v->opam_switch);
	for (size_t i = 0; i < v->set.count; i++)
		strv_addf(into, "--set=%s", v->set.items[i]);
}

static void add_file(const struct verb *v, struct strv *into)
{
	if (v->file && v->file[0] == '-' && v->file[1])
		strv_add(into, "--");
	if (v->file)
		strv_add(into, v->file);
}

static void add_install_options(const struct verb *v, struct strv *into)
{
	if (v->install_system)
		strv_add(into, "--install-system");
	if (v->create_switch)
		strv_add(into, "--create-switch");
	if (v->wait)
		strv_addf(into, "--wait=%s", v->wait);
}

static void parse_command(const struct verb *v, const char *option, struct strv *into)
{
	strv_add(into, "mirari-parse");
	if (option)
		strv_add(into, option);
	add_settings(v, into);
	if (v->no_install)
		strv_add(into, "--set=install=false");
	add_file(v, into);
}

void verb_parse_command(const struct verb *v, struct strv *into)
{
	parse_command(v, NULL, into);
}

void verb_build_command(const struct verb *v, struct strv *into)
{
	strv_add(into, "mirari-build");
	if (v->dry_run)
		strv_add(into, "--dry-run");
	if (v->no_install)
		strv_add(into, "--no-install");
	add_install_options(v, into);
	add_settings(v, into);
	add_file(v, into);
}

int verb_targets(const struct verb *v, struct strv *into, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	int status;

	parse_command(v, "--list-targets", pipeline_stage(&p));
	if (pipeline_run(&p, STDIN_FILENO, &text, &status, fault) < 0)
		return -1;
	for (const char *name = buf_str(&text); *name; name += strcspn(name, "\n") + 1)
		strv_add_bytes(into, name, strcspn(name, "\n"));
	return status;
}

int verb_parse(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	int status;

	verb_parse_command(v, pipeline_stage(&p));
	if (pipeline_run(&p, STDIN_FILENO, &v->text, &status, fault) < 0)
		return -1;
	return status ? status : parse_text(&v->text, &v->record, fault);
}

bool verb_is_configured(const struct verb *v)
{
	struct buf kept A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};

	kept_path(v, &path);
	return read_kept(&path, &kept) && kept.length == v->text.length &&
	       !memcmp(buf_str(&kept), buf_str(&v->text), kept.length);
}

bool verb_configured_target(const struct verb *v, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};
	struct rec kept A_CLEANUP(rec_free) = {0};
	struct fault ignored;

	buf_printf(&path, "%s/" KEPT, rec_get(&v->record, "config.dir"));
	if (!read_kept(&path, &text) || parse_text(&text, &kept, &ignored) < 0 ||
	    !rec_get(&kept, "target"))
		return false;
	buf_adds(into, rec_get(&kept, "target"));
	return true;
}

static int keep(const struct verb *v, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, temporary A_CLEANUP(buf_free) = {0};

	kept_path(v, &path);
	buf_printf(&temporary, "%s.new", buf_str(&path));
	if (project_make(rec_get(&v->record, "config.dir"), ".mirari", fault) < 0)
		return -1;
	return file_publish(AT_FDCWD, buf_str(&path), buf_str(&temporary), 0666, buf_str(&v->text),
	    v->text.length, fault);
}

static void configure_stages(const struct verb *v, struct pipeline *p)
{
	struct strv *gen = pipeline_stage(p), *install;

	strv_add(gen, "mirari-gen");
	if (v->quiet)
		strv_add(gen, "--quiet");
	if (v->force)
		strv_add(gen, "--force");
	if (v->diff)
		strv_add(gen, "--diff");
	if (v->no_install || v->diff)
		return;
	install = pipeline_stage(p);
	strv_list(install, "mirari-opam-exec", "--install");
	add_install_options(v, install);
}

int verb_configure(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	int in A_CLEANUP(fd_close) = proc_memory_file_of(&v->text, fault);
	int status;

	configure_stages(v, &p);
	if (in < 0 || pipeline_run(&p, in, v->diff ? NULL : &v->made, &status, fault) < 0)
		return -1;
	if (status || v->diff || verb_is_configured(v))
		return status;
	return keep(v, fault);
}

int verb_show_configure(const struct verb *v, struct buf *into, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0}, dir A_CLEANUP(buf_free) = {0};
	struct strv *parse = pipeline_stage(&p);

	if (!rec_get(&v->record, "config.dir"))
		return fault_set(fault, EX_SOFTWARE, "the record has no config.dir");
	verb_parse_command(v, parse);
	configure_stages(v, &p);
	pipeline_show(&p, into);
	if (v->diff)
		return 0;
	buf_adds(into, " >/dev/null &&\n");
	kept_path(v, &path);
	if (rec_get(&v->record, "build.dir")) {
		buf_add(&dir, buf_str(&path), path.length - strlen("/configured"));
		buf_adds(into, "mkdir -p ");
		shell_word(into, buf_str(&dir));
		buf_adds(into, " && ");
	}
	shell_command(into, parse);
	buf_adds(into, " >");
	shell_word(into, buf_str(&path));
	return 0;
}
