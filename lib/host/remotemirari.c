#include "host/remotemirari.h"

#include "core/fd.h"
#include "core/proc.h"
#include "host/remotefile.h"

#include <string.h>

/* Debian's PATH for what sshd runs has /usr/local/bin, others' hasn't; sbin is for xl and what
 * mirari starts. */
#define FIND \
	"PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin:${HOME:?}/.local/bin:$HOME/" \
	"bin; " \
	"export PATH; "

enum { NO_MIRARI = 90 };
#define FIND_MIRARI FIND "command -v mirari >/dev/null || exit 90; "

void remotemirari_command(struct strv *into)
{
	strv_list(into, "sh", "-c", FIND "exec mirari \"$@\"", "mirari");
}

void remoteinstance_free(struct remoteinstance *i)
{
	rec_free(&i->record);
	buf_free(&i->version);
	buf_free(&i->now);
	buf_free(&i->dir);
}

/* Takes a line off the text, without its LF. */
static void take_line(const char **text, struct buf *into)
{
	size_t length = strcspn(*text, "\n");

	buf_add(into, *text, length);
	*text += length + ((*text)[length] == '\n');
}

/* ---- looking ------------------------------------------------------------------------------------
 */

static int status_of(const struct rec *record, enum instance_status *status)
{
	const char *name = rec_get(record, "instance.status");

	for (*status = INSTANCE_STARTING; name && *status <= INSTANCE_LOST; ++*status)
		if (!strcmp(instance_status_name(*status), name))
			return 0;
	return -1;
}

static bool has_file_of(const struct rec *record, const struct buf *dir)
{
	const char *word;

	for (size_t i = 0; rec_each(record, "instance.command", &i, &word);)
		if (!strncmp(word, buf_str(dir), dir->length) && word[dir->length] == '/')
			return true;
	return false;
}

/* The records of what a command has printed there: in a file, for lineread. */
static int start_records(
    struct lineread *lines, int *file, const char *text, const char *place, struct fault *fault)
{
	struct buf copy A_CLEANUP(buf_free) = {0};

	buf_adds(&copy, text);
	*file = proc_memory_file_of(&copy, fault);
	if (*file < 0)
		return -1;
	lineread_start(lines, *file, place);
	return 0;
}

/* 1 with the next record of the text, 0 at its end. */
static int next_record(struct lineread *lines, struct rec *record, enum instance_status *status,
    const char *place, struct fault *fault)
{
	int got = rec_read(record, lines, fault);

	if (got > 0 && status_of(record, status) < 0)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: mirari ps there prints what isn't known here", place);
	return got;
}

static int read_instance(
    const struct sshlink *l, const char *text, struct remoteinstance *into, struct fault *fault)
{
	struct lineread lines A_CLEANUP(lineread_free) = {0};
	int file A_CLEANUP(fd_close) = -1, got;

	if (start_records(&lines, &file, text, l->place, fault) < 0)
		return -1;
	got = next_record(&lines, &into->record, &into->status, l->place, fault);
	into->ours = got > 0 && has_file_of(&into->record, &into->dir);
	return got < 0 ? -1 : 0;
}

/* What the commands before its own words have to say. */
static int check_answer(const struct sshlink *l, int status, struct fault *fault)
{
	if (status == NO_MIRARI) {
		fault_set(fault, EX_UNAVAILABLE, "%s: there is no mirari", l->place);
		return fault_hint(fault,
		    "install it there into /usr/local: make install; Xen domains need only xl "
		    "there: mirari-xl run --on %s",
		    l->place);
	}
	if (status)
		return fault_set(fault, EX_UNAVAILABLE, "%s: mirari --version failed there (%d)",
		    l->place, status);
	return 0;
}

int remotemirari_check(const struct sshlink *l, struct fault *fault)
{
	static const char script[] = FIND_MIRARI "mirari --version";
	struct buf out A_CLEANUP(buf_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	int status;

	strv_list(&command, "sh", "-c", script, "mirari");
	if (sshlink_run(l, &command, -1, &out, NULL, &status, fault) < 0)
		return -1;
	return check_answer(l, status, fault);
}

int remotemirari_look(
    const struct sshlink *l, const char *name, struct remoteinstance *into, struct fault *fault)
{
	static const char script[] =
	    FIND_MIRARI "d=$(cd -- \"$HOME/.mirari/$1\" 2>/dev/null && pwd -P) || "
			"d=$(cd -- \"$HOME/.mirari\" 2>/dev/null && pwd -P)/$1; "
			"printf '%s\\n' \"$d\"; date -u +%Y-%m-%dT%H:%M:%SZ; "
			"mirari --version || exit; mirari ps \"$1\" 2>/dev/null; :";
	struct buf out A_CLEANUP(buf_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	const char *text;
	int status;

	strv_list(&command, "sh", "-c", script, "mirari", name);
	if (sshlink_run(l, &command, -1, &out, NULL, &status, fault) < 0)
		return -1;
	if (check_answer(l, status, fault) < 0)
		return -1;
	text = buf_str(&out);
	take_line(&text, &into->dir);
	take_line(&text, &into->now);
	take_line(&text, &into->version);
	return read_instance(l, text, into, fault);
}

int remotemirari_check_free(const struct sshlink *l, const char *name,
    const struct remoteinstance *there, struct fault *fault)
{
	if (!there->record.count || !instance_is_live(there->status))
		return 0;
	fault_set(fault, EX_TEMPFAIL, "%s: %s is there already (%s)", l->place, name,
	    instance_status_name(there->status));
	if (there->ours)
		return fault_hint(fault, "mirari-ssh stop --on %s %s", l->place, name);
	return fault_hint(fault, "call this one otherwise: --set name=NAME");
}

/* ---- stopping -----------------------------------------------------------------------------------
 */

static int run_mirari(const struct sshlink *l, const struct strv *words, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf ignored A_CLEANUP(buf_free) = {0};
	int status;

	remotemirari_command(&command);
	strv_add_all(&command, words);
	if (sshlink_run(l, &command, -1, &ignored, NULL, &status, fault) < 0)
		return -1;
	return status ? fault_set(fault, status, "%s: mirari %s %s failed there (status %d)",
			    l->place, words->items[0], words->items[words->count - 1], status)
		      : 0;
}

int remotemirari_stop(
    const struct sshlink *l, const char *name, unsigned timeout_s, struct fault *fault)
{
	struct remoteinstance i A_CLEANUP(remoteinstance_free) = {0};
	struct strv stop A_CLEANUP(strv_free) = {0}, forget A_CLEANUP(strv_free) = {0};

	if (remotemirari_look(l, name, &i, fault) < 0)
		return -1;
	if (i.record.count && !i.ours)
		return fault_set(fault, EXIT_NO,
		    "%s: %s was started there by somebody, not deployed", l->place, name);
	strv_list(&stop, "stop", "--quiet");
	strv_addf(&stop, "--timeout=%u", timeout_s);
	strv_add(&stop, name);
	strv_list(&forget, "rm", "--force", name);
	if (i.record.count &&
	    (run_mirari(l, &stop, fault) < 0 || run_mirari(l, &forget, fault) < 0))
		return -1;
	if (remotefile_remove(l, name, fault) < 0)
		return -1;
	return i.record.count ? 0 : fault_set(fault, EXIT_NO, "%s: there is no %s", l->place, name);
}

/* ---- what runs ----------------------------------------------------------------------------------
 */

static int add_instances(
    const struct sshlink *l, const char *text, struct strv *names, struct fault *fault)
{
	struct lineread lines A_CLEANUP(lineread_free) = {0};
	int file A_CLEANUP(fd_close) = -1, got;

	if (start_records(&lines, &file, text, l->place, fault) < 0)
		return -1;
	do {
		struct rec record A_CLEANUP(rec_free) = {0};
		enum instance_status status;
		const char *name;

		got = next_record(&lines, &record, &status, l->place, fault);
		name = got > 0 ? rec_get(&record, "instance.name") : NULL;
		if (name && instance_is_live(status))
			strv_add(names, name);
	} while (got > 0);
	return got;
}

int remotemirari_running(
    const struct sshlink *l, struct strv *names, bool *all, struct fault *fault)
{
	/* its first lines are of xl: the names, and a line that no name is */
	static const char script[] = FIND
	    "if command -v xl >/dev/null; then "
	    "t=$(xl list 2>/dev/null) && printf '%s\\n' \"$t\" | sed '1d; s/ .*//' || echo '?'; "
	    "fi; echo /; ! command -v mirari >/dev/null || mirari ps --all";
	struct buf out A_CLEANUP(buf_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	const char *text;
	int status;

	strv_list(&command, "sh", "-c", script, "mirari");
	if (sshlink_run(l, &command, -1, &out, NULL, &status, fault) < 0)
		return -1;
	if (status)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: what runs there can't be seen (status %d)", l->place, status);
	*all = true;
	for (text = buf_str(&out); *text && *text != '/';) {
		struct buf line A_CLEANUP(buf_free) = {0};

		take_line(&text, &line);
		if (!strcmp(buf_str(&line), "?"))
			*all = false;
		else
			strv_add(names, buf_str(&line));
	}
	text += strcspn(text, "\n");
	return add_instances(l, *text ? text + 1 : text, names, fault);
}
