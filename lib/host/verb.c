#include "host/verb.h"

#include "core/fd.h"
#include "core/proc.h"
#include "core/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void verb_free(struct verb *v)
{
	strv_free(&v->set);
	rec_free(&v->record);
	buf_free(&v->text);
}

int verb_check(struct verb *v, struct fault *fault)
{
	const struct {
		bool given;
		const char *flag, *target;
	} flags[] = {{v->unix_socket, "--socket", "unix-socket"},
	    {v->unix_direct, "--unix", "unix-direct"}, {v->xen, "--xen", "xen"}};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (!flags[i].given)
			continue;
		if (v->target && strcmp(v->target, flags[i].target))
			return fault_set(fault, EX_USAGE,
			    "%s is target %s, but %s was asked for too", flags[i].flag,
			    flags[i].target, v->target);
		v->target = flags[i].target;
	}
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

/* A memory file with the record, to be read from its start. */
static int record_file(const struct verb *v, struct fault *fault)
{
	int fd = proc_memory_file(fault);

	if (fd < 0)
		return -1;
	if (fd_write(fd, buf_str(&v->text), v->text.length) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		fault_errno(fault, 0, errno, "memory file");
		fd_close(&fd);
	}
	return fd;
}

static int read_back(struct verb *v, struct fault *fault)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	int fd A_CLEANUP(fd_close) = record_file(v, fault);
	int got;

	if (fd < 0)
		return -1;
	lineread_start(&from, fd, "mirari-parse");
	got = rec_read(&v->record, &from, fault);
	if (got == 0)
		return fault_set(fault, EX_SOFTWARE, "mirari-parse succeeded without a record");
	return got < 0 ? -1 : 0;
}

int verb_parse(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	int status;

	rec_free(&v->record);
	buf_clear(&v->text);
	verb_parse_command(v, pipeline_stage(&p));
	if (pipeline_run(&p, STDIN_FILENO, &v->text, &status, fault) < 0)
		return -1;
	return status ? status : read_back(v, fault);
}

/* .mirari/TARGET.record in the project: what it was last configured with. */
static void kept_path(const struct verb *v, struct buf *into)
{
	buf_printf(into, "%s/.mirari/%s.record", rec_get(&v->record, "config.dir"),
	    rec_get(&v->record, "target"));
}

static bool read_kept(const struct verb *v, struct buf *into)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	kept_path(v, &path);
	return file_read(buf_str(&path), EX_DATAERR, into, &ignored) == 0;
}

bool verb_is_configured(const struct verb *v)
{
	struct buf kept A_CLEANUP(buf_free) = {0};

	return read_kept(v, &kept) && kept.length == v->text.length &&
	       !memcmp(buf_str(&kept), buf_str(&v->text), kept.length);
}

bool verb_was_without_install(const struct verb *v)
{
	struct buf kept A_CLEANUP(buf_free) = {0};

	return read_kept(v, &kept) && strstr(buf_str(&kept), "\ninstall=false\n");
}

static int keep(const struct verb *v, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, temporary A_CLEANUP(buf_free) = {0};

	kept_path(v, &path);
	buf_printf(&temporary, "%s.new", buf_str(&path));
	return file_publish(AT_FDCWD, buf_str(&path), buf_str(&temporary), 0666, buf_str(&v->text),
	    v->text.length, fault);
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
		strv_list(pipeline_stage(p), "mirari-opam-exec", "--install");
}

int verb_configure(struct verb *v, struct fault *fault)
{
	struct pipeline p A_CLEANUP(pipeline_free) = {0};
	struct buf dropped A_CLEANUP(buf_free) = {0};
	int in A_CLEANUP(fd_close) = record_file(v, fault);
	int status;

	configure_stages(v, &p);
	if (in < 0 || pipeline_run(&p, in, v->diff ? NULL : &dropped, &status, fault) < 0)
		return -1;
	if (status || v->diff)
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
	buf_adds(into, v->diff ? "\n" : " >/dev/null && ");
	if (v->diff)
		return 0;
	shell_command(into, parse);
	kept_path(v, &path);
	buf_adds(into, " >");
	shell_word(into, buf_str(&path));
	buf_addc(into, '\n');
	return 0;
}
