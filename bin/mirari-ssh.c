/* mirari-ssh: unikernels on another machine that has mirari, too. */
#include "core/main.h"
#include "host/binary.h"
#include "host/remotegc.h"
#include "host/remotemirari.h"
#include "host/remoterun.h"
#include "host/subject.h"
#include "model/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RUN = 1, CHECK = 2, STOP = 4, GC = 8, STOP_S = 10 };

struct options {
	struct strv set;
	struct strv published;
	const char *on, *memory;
	bool record, force, quiet;
	struct strv arguments;
	unsigned command;
	struct strv words;
};

static const struct opt_command commands[] = {
    {"run", RUN, false}, {"check", CHECK, false}, {"stop", STOP, false}, {"gc", GC, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[9];
	static struct usage u = {
	    .tool = "mirari-ssh",
	    .purpose = "unikernels on another machine, run by the mirari there",
	    .synopsis = "run|check|stop|gc [OPTION]... [FILE|NAME...] [-- ARG...]",
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
	    {'p', "publish", "HOST:GUEST", "run: lead a port there to it (repeatable)", OPT_LIST,
		&o->published, RUN},
	    {'m', "memory", "MIB", "run: its memory, also where it is a program", OPT_VALUE,
		&o->memory, RUN},
	    {'f', "force", NULL, "stop: one that isn't there is fine", OPT_FLAG, &o->force, STOP},
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

/* ---- where --------------------------------------------------------------------------------------
 */

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

/* Without a record it is called as mirari run would call it. */
static void find_name(const struct subject *s, struct buf *into)
{
	const char *name = rec_get(&s->record, "name");

	if (name)
		buf_adds(into, name);
	else
		binary_name(buf_str(&s->path), into);
}

static int run(const struct options *o, struct fault *fault)
{
	const struct subject_request asked = {.tool = "mirari-ssh run",
	    .file = o->words.count ? o->words.items[0] : NULL,
	    .record = o->record,
	    .set = &o->set};
	struct subject s A_CLEANUP(subject_free) = {.fd = -1};
	struct remoterun r A_CLEANUP(remoterun_free) = {.note = note};
	struct strv ignored A_CLEANUP(strv_free) = {0};
	struct buf name A_CLEANUP(buf_free) = {0};
	int status;

	if (o->words.count > 1) {
		fault_set(fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
		return fault_hint(
		    fault, "words for the unikernel go behind --: -- %s", o->words.items[1]);
	}
	if (subject_find(&asked, &s, fault) < 0 || find_target(&s, fault) < 0 ||
	    remoterun_settings(&s.record, &ignored, fault) < 0)
		return -1;
	r.place = find_place(o, &s.record, fault);
	if (!r.place)
		return -1;
	find_name(&s, &name);
	r.config = find_config(&s.record);
	r.name = buf_str(&name);
	r.target = s.image.target;
	r.record = &s.record;
	r.arguments = &o->arguments;
	r.published = &o->published;
	r.memory = o->memory;
	r.path = buf_str(&s.path);
	r.fd = s.fd;
	r.progress = !o->quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	return remoterun(&r, &status, fault) < 0 ? -1 : status;
}

/* ---- check, stop, gc ----------------------------------------------------------------------------
 */

static int connect_to(
    const struct options *o, struct rec *record, struct sshlink *link, struct fault *fault)
{
	const char *place;

	if (subject_settings(&o->set, record, fault) < 0)
		return -1;
	place = find_place(o, record, fault);
	return place ? sshlink_open(link, place, find_config(record), fault) : -1;
}

/* Also those behind --. */
static int take_names(
    const struct options *o, const char *command, struct strv *names, struct fault *fault)
{
	strv_add_all(names, &o->words);
	strv_add_all(names, &o->arguments);
	for (size_t i = 0; i < names->count; i++)
		if (!value_fits(VALUE_NAME, names->items[i]))
			return fault_set(fault, EX_USAGE, "%s: '%s' is no unikernel's name",
			    command, names->items[i]);
	return 0;
}

static int check_name(const struct sshlink *link, const char *name, struct fault *fault)
{
	struct remoteinstance there A_CLEANUP(remoteinstance_free) = {0};

	return remotemirari_look(link, name, &there, fault) < 0
		   ? -1
		   : remotemirari_check_free(link, name, &there, fault);
}

static int check(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct sshlink link A_CLEANUP(sshlink_free) = {0};
	struct strv names A_CLEANUP(strv_free) = {0};

	if (take_names(o, "check", &names, fault) < 0 || connect_to(o, &record, &link, fault) < 0 ||
	    remotemirari_check(&link, fault) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (check_name(&link, names.items[i], fault) < 0)
			return -1;
	return EX_OK;
}

static int stop_one(
    const struct options *o, const struct sshlink *link, const char *name, struct fault *fault)
{
	if (remotemirari_stop(link, name, STOP_S, fault) == 0)
		return EX_OK;
	if (!o->force || fault->status != EXIT_NO)
		return say_fault(fault);
	note(fault->text);
	return EX_OK;
}

/* What is wrong with one keeps none of the others. */
static int stop(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct sshlink link A_CLEANUP(sshlink_free) = {0};
	struct strv names A_CLEANUP(strv_free) = {0};
	int status = EX_OK, result;

	if (take_names(o, "stop", &names, fault) < 0)
		return -1;
	if (!names.count)
		return fault_set(fault, EX_USAGE, "stop: a name is missing");
	if (connect_to(o, &record, &link, fault) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		result = stop_one(o, &link, names.items[i], fault);
		status = result ? result : status;
	}
	return status;
}

static int gc(const struct options *o, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct sshlink link A_CLEANUP(sshlink_free) = {0};
	struct strv removed A_CLEANUP(strv_free) = {0};
	bool all;

	if (o->words.count || o->arguments.count)
		return fault_set(fault, EX_USAGE, "gc: too many words");
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
		status = o.command == RUN     ? run(&o, &fault)
			 : o.command == CHECK ? check(&o, &fault)
			 : o.command == STOP  ? stop(&o, &fault)
					      : gc(&o, &fault);
	strv_free(&o.published);
	strv_free(&o.set);
	strv_free(&o.arguments);
	strv_free(&o.words);
	return status < 0 ? say_fault(&fault) : status;
}
