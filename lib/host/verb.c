#include "host/verb.h"

#include "core/fd.h"
#include "core/proc.h"
#include "core/shell.h"
#include "model/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
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

/* The record that the project was last configured with, as text; false when there is none. */
static bool read_kept(const char *dir, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	buf_printf(&path, "%s/" KEPT, dir);
	return file_read(buf_str(&path), EX_DATAERR, into, &ignored) == 0;
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
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	const char *option;

	/* what is wrong with the file is mirari-parse's to say */
	if (locate_config(v->file, &at, &ignored) < 0 || !read_kept(buf_str(&at.dir), &text) ||
	    parse_text(&text, &v->inherited, &ignored) < 0)
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
	if (inherit && !v->target && !v->opam_switch && !v->set.count && !v->no_install)
		inherit_options(v);
	return 0;
}

void verb_parse_command(const struct verb *v, struct strv *into)
{
	strv_add(into, "mirari-parse");
	if (v->quiet)
		strv_add(into, "--quiet");
	if (v->target)
		strv_addf(into, "--target=%s", v->target);
	if (v->opam_switch)
		strv_addf(into, "--set=switch=%s", v->opam_switch);
	if (v->no_install)
		strv_add(into, "--set=install=false");
	for (size_t i = 0; i < v->set.count; i++)
		strv_addf(into, "--set=%s", v->set.items[i]);
	if (v->file && v->file[0] == '-' && v->file[1])
		strv_add(into, "--");
	if (v->file)
		strv_add(into, v->file);
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
	struct buf kept A_CLEANUP(buf_free) = {0};

	return read_kept(rec_get(&v->record, "config.dir"), &kept) &&
	       kept.length == v->text.length &&
	       !memcmp(buf_str(&kept), buf_str(&v->text), kept.length);
}

static int keep(const struct verb *v, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, temporary A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "%s/" KEPT, rec_get(&v->record, "config.dir"));
	buf_printf(&temporary, "%s.new", buf_str(&path));
	return file_publish(AT_FDCWD, buf_str(&path), buf_str(&temporary), 0666, buf_str(&v->text),
	    v->text.length, fault);
}

static void install_stage(const struct verb *v, struct strv *into)
{
	strv_list(into, "mirari-opam-exec", "--install");
	if (v->install_system)
		strv_add(into, "--install-system");
	if (v->create_switch)
		strv_add(into, "--create-switch");
	if (v->wait)
		strv_addf(into, "--wait=%s", v->wait);
}

static void configure_stages(const struct verb *v, struct pipeline *p)
{
	struct strv *gen = pipeline_stage(p);

	strv_add(gen, "mirari-gen");
	if (v->quiet)
		strv_add(gen, "--quiet");
	if (v->force)
		strv_add(gen, "--force");
	if (v->diff)
		strv_add(gen, "--diff");
	if (!v->no_install && !v->diff)
		install_stage(v, pipeline_stage(p));
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
	struct buf path A_CLEANUP(buf_free) = {0};
	struct strv *parse = pipeline_stage(&p);

	if (!rec_get(&v->record, "config.dir"))
		return fault_set(fault, EX_SOFTWARE, "the record has no config.dir");
	verb_parse_command(v, parse);
	configure_stages(v, &p);
	pipeline_show(&p, into);
	if (v->diff)
		return 0;
	buf_adds(into, " >/dev/null &&\n");
	shell_command(into, parse);
	buf_adds(into, " >");
	buf_printf(&path, "%s/" KEPT, rec_get(&v->record, "config.dir"));
	shell_word(into, buf_str(&path));
	return 0;
}
