#include "host/instance.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/lineread.h"
#include "core/relay.h"
#include "host/cleanup.h"
#include "host/logfiles.h"
#include "host/processes.h"
#include "model/value.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".instance"

static const char *const status_names[] = {
    "starting", "running", "waiting", "stopping", "exited", "failed", "stopped", "lost"};

const char *instance_status_name(enum instance_status status)
{
	return status_names[status];
}

bool instance_is_live(enum instance_status status)
{
	return status <= INSTANCE_STOPPING;
}

void instance_free(struct instance *i)
{
	rec_free(&i->record);
	*i = (struct instance){0};
}

int instance_check_name(const char *name, struct fault *fault)
{
	const struct value_rule rule = {.type = VALUE_NAME};
	struct buf expected A_CLEANUP(buf_free) = {0};
	const char *normal = NULL;

	if (value_check(&rule, name, &normal, &expected))
		return 0;
	return fault_set(fault, EX_USAGE, "'%.80s': expected %s", name, buf_str(&expected));
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int not_ours(
    const struct instances *s, const char *name, const char *why, struct fault *fault)
{
	fault_set(fault, EX_DATAERR, "%s/%s" SUFFIX ": %s", buf_str(&s->path), name, why);
	return fault_hint(fault, "if nothing of it runs any more: mirari rm %s", name);
}

/* A process as a key of the record has it; none of another boot is there. */
static bool read_process(
    const struct instances *s, const struct rec *record, const char *key, struct procid *into)
{
	const char *text = rec_get(record, key), *boot = rec_get(record, "instance.boot");
	struct procid id;

	*into = (struct procid){0};
	if (!text)
		return true;
	if (!procid_parse(text, &id))
		return false;
	if (boot && !strcmp(boot, s->boot))
		*into = id;
	return true;
}

/* What was looked at just now needn't be looked for; who isn't among these may be newer. */
static bool is_alive(const struct instances *s, struct procid id)
{
	return (s->seen && processes_find(s->seen, id)) || procid_is_alive(id);
}

/* What the record says of itself. */
static int judge(
    const struct instances *s, const char *name, struct instance *i, struct fault *fault)
{
	const char *status = rec_get(&i->record, "instance.status");
	size_t known = 0;

	i->name = rec_get(&i->record, "instance.name");
	if (!i->name || strcmp(i->name, name))
		return not_ours(s, name, "instance.name is another", fault);
	while (known < COUNT_OF(status_names) && status && strcmp(status, status_names[known]))
		known++;
	if (!status || known == COUNT_OF(status_names))
		return not_ours(s, name, "instance.status is none that we know", fault);
	if (!read_process(s, &i->record, "instance.process", &i->process) ||
	    !read_process(s, &i->record, "instance.supervisor", &i->supervisor))
		return not_ours(s, name, "has a process that isn't PID.TICKS", fault);
	i->status = (enum instance_status)known;
	i->settled = true;
	if (instance_is_live(i->status) && !is_alive(s, i->supervisor)) {
		i->status = INSTANCE_LOST;
		i->settled = false;
	}
	return 0;
}

/* The file, open; -1 with a fault, or without one (status 0) when it isn't there. */
static int open_record(const struct instances *s, const char *name, struct fault *fault)
{
	char file[NAME_MAX + 1];
	struct stat st;
	int fd;

	fault->status = 0;
	snprintf(file, sizeof file, "%s" SUFFIX, name);
	fd = s->dir < 0 ? -1 : openat(s->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && (s->dir < 0 || errno == ENOENT))
		return -1;
	if (fd < 0 && errno == ELOOP)
		return not_ours(s, name, "is a link", fault);
	if (fd < 0 || fstat(fd, &st) < 0)
		fault_errno(fault, 0, errno, "%s/%s", buf_str(&s->path), file);
	else if (!S_ISREG(st.st_mode))
		not_ours(s, name, "is not a file", fault);
	else if (st.st_size > INSTANCE_MAX)
		not_ours(s, name, "is larger than 1 MiB", fault);
	else
		return fd;
	fd_close(&fd);
	return -1;
}

/* One record, and nothing behind it. */
static int read_record(
    const struct instances *s, const char *name, int fd, struct instance *into, struct fault *fault)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	char *line;
	size_t length;
	int got;

	buf_printf(&path, "%s/%s" SUFFIX, buf_str(&s->path), name);
	lineread_start(&from, fd, buf_str(&path));
	got = rec_read(&into->record, &from, fault);
	if (got < 0 && fault->status == EX_DATAERR)
		fault_hint(fault, "if nothing of it runs any more: mirari rm %s", name);
	if (got < 0)
		return -1;
	if (got == 0)
		return not_ours(s, name, "is empty", fault);
	if (lineread_next(&from, &line, &length, fault) != 0)
		return not_ours(s, name, "has more than one record", fault);
	return judge(s, name, into, fault);
}

int instance_read(
    const struct instances *s, const char *name, struct instance *into, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = -1;

	*into = (struct instance){0};
	if (!value_fits(VALUE_NAME, name))
		return 0;
	fd = open_record(s, name, fault);
	if (fd < 0)
		return fault->status ? -1 : 0;
	if (read_record(s, name, fd, into, fault) == 0)
		return 1;
	instance_free(into);
	return -1;
}

static int unknown(const char *name, struct fault *fault)
{
	fault_set(fault, EXIT_NO, "there is no instance '%.80s'", name);
	return fault_hint(fault, "mirari ps --all");
}

int instance_find(
    const struct instances *s, const char *name, struct instance *into, struct fault *fault)
{
	int got = instance_read(s, name, into, fault);

	return got > 0 ? 0 : got < 0 ? -1 : unknown(name, fault);
}

int instance_names(const struct instances *s, struct strv *into, struct fault *fault)
{
	DIR *dir A_CLEANUP(dir_close) = s->dir < 0 ? NULL : dir_open(s->dir, ".");
	struct dirent *entry;

	if (s->dir < 0)
		return 0;
	if (!dir)
		return fault_errno(fault, 0, errno, "%s", buf_str(&s->path));
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);

		if (length <= suffix || strcmp(entry->d_name + length - suffix, SUFFIX))
			continue;
		entry->d_name[length - suffix] = '\0';
		if (value_fits(VALUE_NAME, entry->d_name))
			strv_add(into, entry->d_name);
	}
	strv_sort(into);
	return 0;
}

/* ---- changing, with the lock held ---------------------------------------------------------------
 */

int instance_set(struct rec *record, const char *key, const char *value, struct fault *fault)
{
	rec_remove(record, key);
	return value ? rec_add(record, key, value, fault) : 0;
}

/* The record with its boot, and this supervisor unless that is NULL. */
static int publish(const struct instances *s, const struct rec *record, const char *supervisor,
    struct fault *fault)
{
	const char *name = rec_get(record, "instance.name");
	struct rec whole A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {.max = INSTANCE_MAX};
	char file[NAME_MAX + 1];
	struct fault why;

	for (size_t i = 0; i < record->count; i++)
		rec_borrow(&whole, &record->fields[i]);
	if (instance_set(&whole, "instance.boot", s->boot, fault) < 0 ||
	    (supervisor && instance_set(&whole, "instance.supervisor", supervisor, fault) < 0))
		return -1;
	rec_write(&whole, &text);
	if (buf_over(&text))
		return fault_set(
		    fault, EX_DATAERR, "%s: what is to be written of it is more than 1 MiB", name);
	snprintf(file, sizeof file, "%s" SUFFIX, name);
	if (file_publish(s->dir, file, ".new", 0600, buf_str(&text), text.length, &why) == 0)
		return 0;
	return fault_set(fault, why.status, "%s: %s", buf_str(&s->path), why.text);
}

/* Its supervisor is gone, but is the program, too? */
static bool still_runs(const struct instance *i)
{
	return i->status == INSTANCE_LOST && procid_is_alive(i->process);
}

/* Whether the name is free for something else: EX_TEMPFAIL. */
static int check_free(const struct instance *i, struct fault *fault)
{
	if (still_runs(i)) {
		fault_set(fault, EX_TEMPFAIL,
		    "%s: its supervisor is gone, but process %d still runs", i->name,
		    (int)i->process.pid);
		return fault_hint(fault, "mirari gc");
	}
	if (i->status == INSTANCE_LOST && !i->settled && cleanup_is_needed(&i->record)) {
		fault_set(fault, EX_TEMPFAIL,
		    "%s: its supervisor is gone, but what it has started may still run", i->name);
		return fault_hint(fault, "mirari stop %s", i->name);
	}
	if (!instance_is_live(i->status))
		return 0;
	fault_set(fault, EX_TEMPFAIL, "%s: is %s, as process %d", i->name,
	    instance_status_name(i->status),
	    (int)(i->process.pid ? i->process.pid : i->supervisor.pid));
	return fault_hint(fault, "mirari stop %s", i->name);
}

int instance_check_free(const struct instances *s, const char *name, struct fault *fault)
{
	struct instance i A_CLEANUP(instance_free) = {0};
	int got = instance_read(s, name, &i, fault);

	if (got <= 0)
		return got;
	return check_free(&i, fault);
}

/* Has who started it left the rest to us? */
static bool is_for_us(const struct instance *i, struct procid self)
{
	return i->status == INSTANCE_STARTING && relay_is_below(self.pid, i->supervisor.pid);
}

/* The name that a record to be written is for. */
static const char *name_of(const struct rec *record, struct fault *fault)
{
	const char *name = rec_get(record, "instance.name");

	if (!name)
		fault_set(fault, EX_DATAERR, "the record has no instance.name");
	else if (instance_check_name(name, fault) < 0)
		name = NULL;
	return name;
}

int instance_take(
    const struct instances *s, const struct rec *record, struct procid self, struct fault *fault)
{
	struct instance before A_CLEANUP(instance_free) = {0};
	struct buf supervisor A_CLEANUP(buf_free) = {0};
	const char *name = name_of(record, fault);
	int lock A_CLEANUP(fd_close) = name ? instances_lock(s, fault) : -1;
	int got = lock < 0 ? -1 : instance_read(s, name, &before, fault);

	if (got < 0)
		return -1;
	if (got > 0 && !is_for_us(&before, self) && check_free(&before, fault) < 0)
		return -1;
	procid_text(self, &supervisor);
	return publish(s, record, buf_str(&supervisor), fault);
}

int instance_update(const struct instances *s, const struct rec *record, struct fault *fault)
{
	struct instance before A_CLEANUP(instance_free) = {0};
	const char *name = name_of(record, fault), *ours, *last = NULL;
	int lock A_CLEANUP(fd_close) = name ? instances_lock(s, fault) : -1;
	int got = lock < 0 ? -1 : instance_read(s, name, &before, fault);

	if (got < 0)
		return -1;
	ours = rec_get(record, "instance.supervisor");
	if (got > 0)
		last = rec_get(&before.record, "instance.supervisor");
	if (ours && got > 0 && (!last || strcmp(ours, last)))
		return fault_set(fault, EX_TEMPFAIL, "%s: process %s has taken that name meanwhile",
		    name, last ? last : "?");
	return publish(s, record, ours ? NULL : last, fault);
}

static int remove_logs(const struct instances *s, const char *name, struct fault *fault)
{
	int logs A_CLEANUP(fd_close) = instances_open_logs(s, fault);
	struct buf file A_CLEANUP(buf_free) = {0};
	struct fault why;

	if (logs < 0)
		return fault->status ? -1 : 0;
	buf_printf(&file, "%s.log", name);
	if (logfiles_remove(logs, buf_str(&file), &why) == 0)
		return 0;
	return fault_set(fault, why.status, "%s: %s", buf_str(&s->logs), why.text);
}

static int remove_file(
    const struct instances *s, const char *name, const char *suffix, struct fault *fault)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof file, "%s%s", name, suffix);
	if (unlinkat(s->dir, file, 0) < 0 && errno != ENOENT)
		return fault_errno(fault, 0, errno, "remove %s/%s", buf_str(&s->path), file);
	return 0;
}

int instance_settle(const struct instances *s, const struct instance *i, enum instance_status as,
    struct fault *fault)
{
	static const char *const over[] = {"instance.pid", "instance.process",
	    "instance.supervisor", "instance.next", "instance.ended", "instance.status"};
	struct instance now A_CLEANUP(instance_free) = {0};
	struct buf ended A_CLEANUP(buf_free) = {0};
	int lock A_CLEANUP(fd_close) = instances_lock(s, fault);
	int got = lock < 0 ? -1 : instance_read(s, i->name, &now, fault);

	if (got <= 0)
		return got;
	if (now.status != INSTANCE_LOST || !procid_same(now.supervisor, i->supervisor))
		return 0;
	for (size_t k = 0; k < COUNT_OF(over); k++)
		rec_remove(&now.record, over[k]);
	clock_text(clock_now(), &ended);
	if (rec_add(&now.record, "instance.status", instance_status_name(as), fault) < 0 ||
	    (as == INSTANCE_STOPPED &&
		rec_add(&now.record, "instance.ended", buf_str(&ended), fault) < 0) ||
	    remove_file(s, i->name, ".console", fault) < 0)
		return -1;
	return publish(s, &now.record, NULL, fault);
}

int instance_remove(
    const struct instances *s, const char *name, bool keep_logs, struct fault *fault)
{
	struct instance now A_CLEANUP(instance_free) = {0};
	int lock A_CLEANUP(fd_close) = -1;
	int got;

	if (s->dir < 0 || !value_fits(VALUE_NAME, name))
		return unknown(name, fault);
	lock = instances_lock(s, fault);
	got = lock < 0 ? -1 : instance_read(s, name, &now, fault);
	if (lock < 0 || (got < 0 && fault->status != EX_DATAERR))
		return -1;
	if (got == 0)
		return unknown(name, fault);
	if (got > 0 && check_free(&now, fault) < 0)
		return -1;
	/* the record last: while it is there, what isn't removed yet can be */
	if ((!keep_logs && remove_logs(s, name, fault) < 0) ||
	    remove_file(s, name, ".console", fault) < 0)
		return -1;
	return remove_file(s, name, SUFFIX, fault);
}
