/* mirari-ssh: unikernels on another machine that has mirari, too. */
#include "core/fd.h"
#include "core/main.h"
#include "host/imagefile.h"
#include "host/remotegc.h"
#include "host/remotemirari.h"
#include "host/remoterun.h"
#include "model/check.h"
#include "model/imagerecord.h"
#include "model/keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RUN = 1, STOP = 2, GC = 4, STOP_S = 10 };

struct options {
	struct strv set;
	const char *on;
	bool record, quiet;
	struct strv arguments;
	unsigned command;
	struct strv words;
};

static const struct opt_command commands[] = {
    {"run", RUN, false}, {"stop", STOP, false}, {"gc", GC, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[6];
	static struct usage u = {
	    .tool = "mirari-ssh",
	    .purpose = "unikernels on another machine, run by the mirari there",
	    .synopsis = "run|stop|gc [OPTION]... [FILE|NAME...] [-- ARG...]",
	    .examples = "  mirari-ssh run --on ssh://me@example.org www.hvt -- --hello=world\n"
			"  mirari-parse -t spt | mirari-ssh run --on ssh://example.org:2222\n"
			"  mirari-ssh stop --on ssh://me@example.org www\n"
			"  mirari-ssh gc --on ssh://me@example.org\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {0, "on", "PLACE", "ssh://[USER@]HOST[:PORT] (default: deploy)", OPT_VALUE, &o->on, 0},
	    {'r', "record", NULL, "run: read a record, also when there is a FILE", OPT_FLAG,
		&o->record, RUN},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set, 0},
	    {'q', "quiet", NULL, "no notes, no progress", OPT_FLAG, &o->quiet, 0},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.chosen = &o->command;
	u.behind = &o->arguments;
	return &u;
}

static bool quiet; /* --quiet */

static void note(const char *text)
{
	if (!quiet)
		say_note("%s", text);
}

/* On a terminal, for files that take a while; the line is gone at the end. */
static void show_progress(uint64_t done, uint64_t total)
{
	if (done < total)
		fprintf(stderr, "\r%3llu %% of %llu MB\r", (unsigned long long)(100 * done / total),
		    (unsigned long long)(total >> 20));
	else
		fputs("\r                        \r", stderr);
	fflush(stderr);
}

/* ---- what is meant ------------------------------------------------------------------------------
 */

/* What is wrong in a record that the command line made is wrong usage. */
static int make_record(const struct options *o, bool given, struct rec *record, struct fault *fault)
{
	if ((given && rec_read_stdin(record, fault) < 0) || rec_apply(record, &o->set, fault) < 0)
		return -1;
	if (check_record(record, fault) == 0)
		return 0;
	if (!given)
		fault->status = EX_USAGE;
	return -1;
}

static const char *find_place(
    const struct options *o, const struct rec *record, struct fault *fault)
{
	const char *place = o->on ? o->on : rec_get(record, "deploy");

	if (place)
		return place;
	fault_set(fault, EX_USAGE, "on which machine isn't said");
	fault_hint(fault, "--on ssh://[USER@]HOST[:PORT]");
	return NULL;
}

static const char *find_config(const struct rec *record)
{
	return rec_get(record, "ssh.config");
}

/* ---- run ----------------------------------------------------------------------------------------
 */

struct subject {
	struct rec record;
	struct buf path, name;
	struct image image;
	int fd;
};

static void subject_free(struct subject *s)
{
	rec_free(&s->record);
	buf_free(&s->path);
	buf_free(&s->name);
	fd_close(&s->fd);
}

/* Without a record it is called as mirari run would call it. */
static int find_name(struct subject *s, struct fault *fault)
{
	const char *name = rec_get(&s->record, "name"), *path = buf_str(&s->path);
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	if (name)
		buf_adds(&s->name, name);
	else if (dot && dot != base && target_find(dot + 1) >= 0)
		buf_add(&s->name, base, (size_t)(dot - base));
	else
		buf_adds(&s->name, base);
	if (value_fits(VALUE_NAME, buf_str(&s->name)))
		return 0;
	fault_set(fault, EX_USAGE, "%s: its name can't be one of a unikernel", path);
	return fault_hint(fault, "--set name=NAME");
}

/* A program with a network stack of its own looks like any other. */
static int find_target(struct subject *s, struct fault *fault)
{
	const char *target = rec_get(&s->record, "target");

	if (!s->image.target) {
		fault_set(
		    fault, EX_DATAERR, "%s: no target of Mirari's runs it", buf_str(&s->path));
		return fault_hint(fault, "mirari-solo5 inspect shows what it is");
	}
	if (!target || !strcmp(target, s->image.target))
		return 0;
	if (!strcmp(target, "unix-direct") && !strcmp(s->image.target, "unix-socket")) {
		s->image.target = "unix-direct";
		return 0;
	}
	fault_set(fault, EX_DATAERR, "%s: is for %s, but the record's target is %s",
	    buf_str(&s->path), s->image.target, target);
	return fault_hint(fault, "build it for that: mirari build --target=%s", target);
}

static int find_subject(
    const struct options *o, const char *file, struct subject *s, struct fault *fault)
{
	if (!file && !o->record && isatty(STDIN_FILENO)) {
		fault_set(fault, EX_USAGE, "neither a file nor a record");
		return fault_hint(fault, "mirari-ssh run FILE, or: mirari-parse | mirari-ssh run");
	}
	if (make_record(o, o->record || !file, &s->record, fault) < 0)
		return -1;
	if (file)
		buf_adds(&s->path, file);
	else if (imagerecord_artifact(&s->record, &s->path, fault) < 0)
		return -1;
	s->fd = imagefile_open(buf_str(&s->path), NULL, fault);
	if (s->fd < 0 || imagefile_read_open(s->fd, buf_str(&s->path), &s->image, fault) < 0)
		return -1;
	return find_target(s, fault) < 0 ? -1 : find_name(s, fault);
}

static int run(const struct options *o, struct fault *fault)
{
	struct subject s A_CLEANUP(subject_free) = {.fd = -1};
	struct remoterun r A_CLEANUP(remoterun_free) = {.note = note};
	struct strv ignored A_CLEANUP(strv_free) = {0};
	int status;

	if (o->words.count > 1) {
		fault_set(fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
		return fault_hint(
		    fault, "words for the unikernel go behind --: -- %s", o->words.items[1]);
	}
	if (find_subject(o, o->words.count ? o->words.items[0] : NULL, &s, fault) < 0 ||
	    remoterun_settings(&s.record, &ignored, fault) < 0)
		return -1;
	r.place = find_place(o, &s.record, fault);
	if (!r.place)
		return -1;
	r.config = find_config(&s.record);
	r.name = buf_str(&s.name);
	r.target = s.image.target;
	r.record = &s.record;
	r.arguments = &o->arguments;
	r.path = buf_str(&s.path);
	r.fd = s.fd;
	r.progress = !o->quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	return remoterun(&r, &status, fault) < 0 ? -1 : status;
}

/* ---- stop, gc -----------------------------------------------------------------------------------
 */

static int connect_to(
    const struct options *o, struct rec *record, struct sshlink *link, struct fault *fault)
{
	const char *place;

	if (make_record(o, false, record, fault) < 0)
		return -1;
	place = find_place(o, record, fault);
	return place ? sshlink_open(link, place, find_config(record), fault) : -1;
}

/* What is wrong with one keeps none of the others. */
static int stop(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct sshlink link A_CLEANUP(sshlink_free) = {0};
	int status = EX_OK;

	if (!o->words.count)
		return fault_set(fault, EX_USAGE, "stop: a name is missing");
	for (size_t i = 0; i < o->words.count; i++)
		if (!value_fits(VALUE_NAME, o->words.items[i]))
			return fault_set(fault, EX_USAGE, "stop: '%s' is no unikernel's name",
			    o->words.items[i]);
	if (connect_to(o, &record, &link, fault) < 0)
		return -1;
	for (size_t i = 0; i < o->words.count; i++)
		if (remotemirari_stop(&link, o->words.items[i], STOP_S, fault) < 0)
			status = say_fault(fault);
	return status;
}

static int gc(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct sshlink link A_CLEANUP(sshlink_free) = {0};
	struct strv removed A_CLEANUP(strv_free) = {0};
	bool all;

	if (o->words.count)
		return fault_set(fault, EX_USAGE, "gc: too many words: %s", o->words.items[0]);
	if (connect_to(o, &record, &link, fault) < 0 || remotegc(&link, &removed, &all, fault) < 0)
		return -1;
	for (size_t i = 0; i < removed.count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		buf_printf(&text, "removed: ~/.mirari/%s", removed.items[i]);
		note(buf_str(&text));
	}
	if (!all)
		note("xl there doesn't say which domains run: their files were left");
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.on = NULL};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.words);

	quiet = o.quiet;
	if (status < 0)
		status = o.command == RUN    ? run(&o, &fault)
			 : o.command == STOP ? stop(&o, &fault)
					     : gc(&o, &fault);
	strv_free(&o.set);
	strv_free(&o.arguments);
	strv_free(&o.words);
	return status < 0 ? say_fault(&fault) : status;
}
