#include "host/superstate.h"

#include "core/clock.h"

#include <unistd.h>

void superstate_free(struct superstate *s)
{
	rec_free(&s->base);
	rec_free(&s->before);
}

int superstate_set(struct superstate *s, const char *key, const char *value, struct fault *fault)
{
	return instance_set(&s->base, key, value, fault);
}

static int add_time(struct rec *record, const char *key, int64_t when, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!when)
		return 0;
	clock_text(when, &text);
	return rec_add(record, key, buf_str(&text), fault);
}

static int add_number(struct rec *record, const char *key, int64_t number, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	buf_printf(&text, "%lld", (long long)number);
	return rec_add(record, key, buf_str(&text), fault);
}

static int add_process(struct rec *record, struct procid id, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!id.pid)
		return 0;
	procid_text(id, &text);
	if (add_number(record, "instance.pid", id.pid, fault) < 0)
		return -1;
	return rec_add(record, "instance.process", buf_str(&text), fault);
}

/* `into` borrows from the base. */
static int compose(const struct superstate *s, struct rec *into, struct fault *fault)
{
	for (size_t i = 0; i < s->base.count; i++)
		rec_borrow(into, &s->base.fields[i]);
	if (rec_add(into, "instance.status", instance_status_name(s->status), fault) < 0 ||
	    add_process(into, s->process, fault) < 0 ||
	    add_time(into, "instance.started", s->started, fault) < 0 ||
	    add_time(into, "instance.ended", s->ended, fault) < 0 ||
	    add_time(into, "instance.next", s->next, fault) < 0 ||
	    (s->exit >= 0 && add_number(into, "instance.exit", s->exit, fault) < 0))
		return -1;
	return add_number(into, "instance.restarts", s->restarts, fault);
}

/* What is known of an instance that has ended, as it is to be if nothing comes of this one. What is
 * wrong with its record is seen when it is taken. */
static int remember(struct superstate *s, struct procid self, struct fault *fault)
{
	static const char *const over[] = {
	    "instance.pid", "instance.process", "instance.next", "instance.supervisor"};
	struct instance i A_CLEANUP(instance_free) = {0};
	struct buf supervisor A_CLEANUP(buf_free) = {0};

	if (instance_read(s->store, rec_get(&s->base, "instance.name"), &i, fault) <= 0 ||
	    instance_is_live(i.status))
		return 0;
	for (size_t k = 0; k < COUNT_OF(over); k++)
		rec_remove(&i.record, over[k]);
	procid_text(self, &supervisor);
	if (instance_set(&i.record, "instance.status", instance_status_name(i.status), fault) < 0 ||
	    rec_add(&i.record, "instance.supervisor", buf_str(&supervisor), fault) < 0)
		return -1;
	s->before = i.record;
	i.record = (struct rec){0};
	return 0;
}

int superstate_take(struct superstate *s, struct fault *fault)
{
	static const char *const earlier[] = {"instance.status", "instance.pid", "instance.process",
	    "instance.supervisor", "instance.boot", "instance.started", "instance.ended",
	    "instance.next", "instance.exit", "instance.restarts", "instance.cgroup"};
	const struct procid self = procid_of(getpid());
	struct rec record A_CLEANUP(rec_free) = {0};

	if (remember(s, self, fault) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(earlier); i++)
		rec_remove(&s->base, earlier[i]);
	s->status = INSTANCE_STARTING;
	s->exit = -1;
	if (compose(s, &record, fault) < 0)
		return -1;
	return instance_take(s->store, &record, self, fault);
}

int superstate_write(struct superstate *s, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	s->stale = compose(s, &record, fault) < 0 || instance_update(s->store, &record, fault) < 0;
	return s->stale ? -1 : 0;
}

void superstate_abandon(struct superstate *s, bool keep_logs)
{
	struct fault ignored;

	if (s->before.count) {
		/* else it is lost once we are gone, and knows no less than this one */
		s->stale = instance_update(s->store, &s->before, &ignored) < 0;
		return;
	}
	s->status = INSTANCE_FAILED;
	s->process = (struct procid){0};
	/* one that can't be written or removed is lost once we are gone, for gc */
	s->stale =
	    superstate_write(s, &ignored) < 0 ||
	    instance_remove(s->store, rec_get(&s->base, "instance.name"), keep_logs, &ignored) < 0;
}
