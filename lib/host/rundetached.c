#include "host/rundetached.h"

#include "core/proc.h"
#include "core/shell.h"
#include "host/instance.h"
#include "host/invoker.h"
#include "host/launch.h"
#include "host/tapcheck.h"
#include "model/keys.h"
#include "model/netdev.h"
#include "render/domaincommand.h"
#include "render/runcommand.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* A tap that is there keeps the MAC address of its guest. */
static void take_macs(struct netdevs *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		struct netdev *d = &devices->items[i];
		struct tapcheck tap;

		if (d->mac_given)
			continue;
		tapcheck_look(d->tap, &tap);
		if (tap.mac[0])
			mac_parse(tap.mac, d->mac);
	}
}

static int add_words(
    struct rec *into, const char *key, const struct strv *words, struct fault *fault)
{
	for (size_t i = 0; i < words->count; i++)
		if (rec_add(into, key, words->items[i], fault) < 0)
			return -1;
	return 0;
}

static int add_fields(struct rec *into, const struct rec *from, struct fault *fault)
{
	for (size_t i = 0; i < from->count; i++)
		if (rec_add(into, from->fields[i].key, from->fields[i].value, fault) < 0)
			return -1;
	return 0;
}

/* The record, with the taps that it has here. */
static int add_record(const struct running *r, struct rec *into, struct fault *fault)
{
	const struct rec *record = &r->verb.record;
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct rec with_taps A_CLEANUP(rec_free) = {0};

	if (domaincommand_is_by_ssh(record))
		return add_fields(into, record, fault);
	if (netdevs_read(record, &devices, fault) < 0)
		return -1;
	if (!r->rootless)
		take_macs(&devices);
	return netdevs_write(&devices, record, &with_taps, fault) < 0
		   ? -1
		   : add_fields(into, &with_taps, fault);
}

/* What mirari-supervise is told, and mirari restart reads again. */
static int instance_record(const struct running *r, struct rec *into, struct fault *fault)
{
	const struct rec *record = &r->verb.record;
	struct strv cleanup A_CLEANUP(strv_free) = {0};
	char here[PATH_MAX];

	if (!getcwd(here, sizeof here))
		return fault_errno(fault, EX_OSERR, errno, "getcwd");
	if (add_record(r, into, fault) < 0 ||
	    rec_add(into, "instance.name", rec_get(record, "name"), fault) < 0 ||
	    rec_add(into, "instance.restart", r->restart ? r->restart : "no", fault) < 0 ||
	    rec_add(into, "instance.dir", here, fault) < 0)
		return -1;
	domaincommand_cleanup(record, &cleanup);
	return add_words(into, "instance.command", &r->command, fault) < 0
		   ? -1
		   : add_words(into, "instance.cleanup", &cleanup, fault);
}

/* By mirari-tap, which becomes the user behind sudo. */
static bool is_given_taps(const struct running *r)
{
	return !strcmp(r->command.items[0], "mirari-tap");
}

/* As whoever it will belong to. */
static int look_for_name(const char *name, const struct invoker *who, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	struct fault worse;
	int result = invoker_enter(who, fault);

	if (result == 0)
		result = instances_open(&store, false, fault);
	if (result == 0)
		result = instance_check_free(&store, name, fault);
	if (invoker_leave(who, &worse) == 0)
		return result;
	*fault = worse;
	return -1;
}

/* Of one name there is one instance: seen before it is in the way of its own taps. */
static int check_name(const struct running *r, struct fault *fault)
{
	struct invoker who = {.other = false};
	int result = 0;

	if (is_given_taps(r))
		result = invoker_find(&who, fault);
	if (result == 0)
		result = look_for_name(rec_get(&r->verb.record, "name"), &who, fault);
	if (result < 0 && fault->status == EX_TEMPFAIL && !r->name) {
		struct buf hint A_CLEANUP(buf_free) = {0};

		buf_adds(&hint, fault->hint);
		fault_hint(fault, "%s; or call this one otherwise: --name NAME", buf_str(&hint));
	}
	return result;
}

/* What is wrong is to be said here, and not only in its log. Taps aren't there yet. */
static int check_runner(const struct running *r, struct fault *fault)
{
	const struct runcommand c = {.record = &r->verb.record,
	    .program = buf_str(&r->program),
	    .arguments = &r->arguments,
	    .tender = r->tender,
	    .check = true};
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf ignored A_CLEANUP(buf_free) = {0};
	struct invoker who = {.other = false};
	size_t program;
	int status = EX_OK;

	const char *tool = domaincommand_tool(&r->verb.record);

	if (tool ? strcmp(tool, "mirari-xl") != 0
		 : !target_is_solo5(rec_get(&r->verb.record, "target")))
		return EX_OK;
	/* root doesn't see what is the user's: an opam switch, a file that is for him alone */
	if (is_given_taps(r) && invoker_find(&who, fault) < 0)
		return -1;
	if (who.other)
		return EX_OK;
	if (runcommand(&c, &command, &program, fault) < 0 ||
	    proc_capture(&command, NULL, &ignored, &status, fault) < 0)
		return -1;
	return status;
}

/* Whether it can be reached and lets us in is worth knowing before it is for its log to tell. */
static int check_place(const struct running *r, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf ignored A_CLEANUP(buf_free) = {0};
	int status = EX_OK;

	domaincommand_probe(&r->verb.record, &command);
	if (command.count && proc_capture(&command, NULL, &ignored, &status, fault) < 0)
		return -1;
	return status;
}

int rundetached(const struct running *r, struct rec *answer, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	int status;

	if (check_name(r, fault) < 0)
		return -1;
	status = check_runner(r, fault);
	if (status == EX_OK)
		status = check_place(r, fault);
	if (status)
		return status;
	if (instance_record(r, &record, fault) < 0 ||
	    launch_detached(&r->command, NULL, &record, answer, &status, fault) < 0)
		return -1;
	return status;
}

/* The record as a shell writes it into a pipe. */
static void show_record(const struct rec *record, struct buf *into)
{
	buf_adds(into, "printf '%s\\n'");
	for (size_t i = 0; i < record->count; i++) {
		struct buf line A_CLEANUP(buf_free) = {0};

		buf_printf(&line, "%s=%s", record->fields[i].key, record->fields[i].value);
		buf_addc(into, ' ');
		shell_word(into, buf_str(&line));
	}
	buf_adds(into, " '' | ");
}

int rundetached_show(const struct running *r, struct buf *into, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	if (instance_record(r, &record, fault) < 0)
		return -1;
	show_record(&record, into);
	buf_adds(into, "setsid --fork ");
	return 0;
}
