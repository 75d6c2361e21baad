/* Copying a unikernel to another machine, and starting it there: host/remoterun.h. */
#include "core/fd.h"
#include "core/proc.h"
#include "host/remotefile.h"
#include "host/remotemirari.h"
#include "host/remoterun.h"
#include "host/sha256.h"
#include "model/keys.h"

#include <poll.h>
#include <string.h>

enum { SUM_SHOWN = 16 };

void remoterun_free(struct remoterun *r)
{
	sshlink_free(&r->link);
	buf_free(&r->file);
	buf_free(&r->since);
	buf_free(&r->version);
}

/* Where it is built, with what and from where is this machine's matter. */
static bool is_for_there(const char *key)
{
	static const char *const sections[] = {"net.", "block.", "ip.", "xl."}, *const words[] = {
										    "memory",
										    "cpus",
										    "xen.via",
										    "libvirt.uri"};
	const struct key *known = key_find(key);

	if (!known || (known->flags & KEY_RESULT))
		return false;
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (!strncmp(key, sections[i], strlen(sections[i])))
			return true;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(key, words[i]))
			return true;
	return false;
}

int remoterun_settings(const struct rec *record, struct strv *into, struct fault *fault)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];
		const struct key *known = key_find(f->key);

		if (!is_for_there(f->key))
			continue;
		if (known->rule.type == VALUE_PATH && *f->value != '/') {
			fault_set(fault, EX_DATAERR, "%s=%s: a path there has to be absolute",
			    f->key, f->value);
			return fault_hint(fault, "--set %s=/srv/%s", f->key, f->value);
		}
		strv_addf(into, "--set=%s=%s", f->key, f->value);
	}
	return 0;
}

/* ---- copying ------------------------------------------------------------------------------------
 */

/* One that runs is in the way; one of ours that has ended was left when we were killed. */
static int make_free(struct remoterun *r, const struct remoteinstance *there, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf ignored A_CLEANUP(buf_free) = {0};
	int status;

	if (remotemirari_check_free(&r->link, r->name, there, fault) < 0)
		return -1;
	if (!there->ours)
		return 0;
	remotemirari_command(&command);
	/* of a lost one there may be something that still runs */
	strv_list(&command, "rm", "--force", r->name);
	/* if that fails it is in the way of what comes, which will say so */
	return sshlink_run(&r->link, &command, -1, &ignored, NULL, &status, fault);
}

/* Two that are deployed under one name at the same moment don't take each other's file: it is
 * called as what is in it, too. */
static int name_file(struct remoterun *r, struct fault *fault)
{
	char sum[SHA256_HEX + 1];
	uint64_t ignored;

	if (sha256_file(r->fd, r->path, sum, &ignored, fault) < 0)
		return -1;
	buf_printf(&r->file, "/%s.%.*s.%s", r->name, SUM_SHOWN, sum, r->target);
	return 0;
}

static int prepare(struct remoterun *r, struct fault *fault)
{
	struct remoteinstance there A_CLEANUP(remoteinstance_free) = {0};
	bool sent;

	if (remotemirari_look(&r->link, r->name, &there, fault) < 0 ||
	    make_free(r, &there, fault) < 0 ||
	    remotefile_directory(&r->link, r->name, &r->file, fault) < 0 || name_file(r, fault) < 0)
		return -1;
	buf_adds(&r->since, buf_str(&there.now));
	buf_adds(&r->version, buf_str(&there.version));
	return remotefile_put(
	    &r->link, r->fd, r->path, buf_str(&r->file), r->progress, &sent, fault);
}

/* ---- starting -----------------------------------------------------------------------------------
 */

/* Once it runs, the files that others of its name have had are of no use. */
static int make_command(const struct remoterun *r, struct strv *into, struct fault *fault)
{
	static const char script[] = "f=$1 n=${1%.*}; shift; \"$@\" || exit; "
				     "for o in \"${n%.*}\".????????????????.*; do "
				     "[ \"$o\" = \"$f\" ] || rm -f -- \"$o\"; done; :";

	strv_list(into, "sh", "-c", script, "mirari", buf_str(&r->file));
	remotemirari_command(into);
	strv_list(into, "run", "--detach", "--name", r->name);
	/* a program with a network stack of its own looks like any other */
	if (!strcmp(r->target, "unix-direct"))
		strv_add(into, "--set=target=unix-direct");
	if (remoterun_settings(r->record, into, fault) < 0)
		return -1;
	for (size_t i = 0; i < r->published->count; i++)
		strv_addf(into, "--publish=%s", r->published->items[i]);
	if (r->memory)
		strv_addf(into, "--memory=%s", r->memory);
	strv_list(into, buf_str(&r->file), "--");
	rec_get_all(r->record, "arg", into);
	strv_add_all(into, r->arguments);
	return 0;
}

/* Has a signal been sent to us that nobody has read yet? */
static bool is_told_to_end(const struct relay *relay)
{
	struct pollfd polled = {.fd = relay->fd, .events = POLLIN};

	return relay->caught || poll(&polled, 1, 0) > 0;
}

/* It has said itself why; or another has begun to run meanwhile, and has removed our file. */
static int start_failed(const struct remoterun *r, int status, struct fault *fault)
{
	struct remoteinstance there A_CLEANUP(remoteinstance_free) = {0};

	if (remotemirari_look(&r->link, r->name, &there, fault) < 0 ||
	    remotemirari_check_free(&r->link, r->name, &there, fault) < 0)
		return -1;
	fault_set(fault, status, "%s: mirari run failed there (status %d)", r->place, status);
	if (strcmp(buf_str(&r->version), "mirari " MIRARI_VERSION))
		fault_hint(
		    fault, "there it is %s, here mirari " MIRARI_VERSION, buf_str(&r->version));
	return -1;
}

int remoterun_start(struct remoterun *r, const struct relay *relay, struct fault *fault)
{
	int printed A_CLEANUP(fd_close) = proc_memory_file(fault), status;
	/* no terminal's signal reaches it: else it would be unknown whether it was started */
	const struct proc_io io = {.in = -1, .out = printed, .detached = true};
	struct strv remote A_CLEANUP(strv_free) = {0}, command A_CLEANUP(strv_free) = {0};
	struct child child;

	if (printed < 0 || sshlink_open(&r->link, r->place, r->config, fault) < 0 ||
	    prepare(r, fault) < 0 || make_command(r, &remote, fault) < 0)
		return -1;
	if (is_told_to_end(relay))
		return fault_set(fault, EX_TEMPFAIL, "%s: interrupted", r->place);
	sshlink_command(&r->link, &remote, false, &command);
	if (proc_start(&command, &io, &child, fault) < 0 || proc_wait(&child, &status, fault) < 0 ||
	    sshlink_explain(&r->link, status, fault) < 0)
		return -1;
	return status ? start_failed(r, status, fault) : 0;
}
