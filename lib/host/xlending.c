#include "host/xlending.h"

#include "core/clock.h"
#include "core/fd.h"
#include "host/xldomain.h"

#include <poll.h>
#include <signal.h>

enum { LOOK_MS = 100 };

void xlending_close(struct xlending *e)
{
	struct fault ignored;
	int status;

	if (!e->asks)
		return;
	(void)kill(e->asking.pid, SIGTERM);
	(void)!proc_wait(&e->asking, &status, &ignored);
	e->asks = false;
}

static int destroy(struct xlending *e, const struct xl_listed *d, struct fault *fault)
{
	xlending_close(e);
	e->deadline = INT64_MAX;
	return xldomain_destroy(e->host, d->domid, fault);
}

/* What it says is nothing that is new to us: that the guest doesn't listen. */
static int ask(struct xlending *e, const struct xl_listed *d, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0}, command A_CLEANUP(strv_free) = {0};
	int said A_CLEANUP(fd_close) = proc_memory_file(fault);
	const struct proc_io io = {.in = -1, .out = said, .merge = true, .detached = true};

	if (said < 0)
		return -1;
	strv_add(&arguments, "shutdown");
	strv_addf(&arguments, "%u", d->domid);
	xenhost_xl_command(e->host, &arguments, false, NULL, &command);
	if (proc_start(&command, &io, &e->asking, fault) < 0)
		return -1;
	e->asks = true;
	e->deadline = clock_ms() + e->grace_ms;
	return 0;
}

static int end_it(struct xlending *e, bool at_once, struct fault *fault)
{
	struct xl_listed d;
	int found = xldomain_find(e->host, e->name, e->uuid, &d, fault);

	if (found <= 0)
		return found;
	return at_once || d.ended ? destroy(e, &d, fault) : ask(e, &d, fault);
}

int xlending_tell(struct xlending *e, struct fault *fault)
{
	return end_it(e, e->told++ > 0, fault);
}

int xlending_wait_ms(const struct xlending *e)
{
	int64_t left = e->deadline - clock_ms();

	if (!e->deadline || e->deadline == INT64_MAX)
		return -1;
	if (e->asks && left > LOOK_MS)
		return LOOK_MS;
	return left < 0 ? 0 : (int)left;
}

/* 1: it listens, or hasn't been heard of yet; 0: it doesn't; -1. */
static int look(struct xlending *e, struct fault *fault)
{
	int status;

	if (!e->asks || !proc_has_ended(&e->asking))
		return 1;
	e->asks = false;
	return proc_wait(&e->asking, &status, fault) < 0 ? -1 : status == 0;
}

int xlending_turn(struct xlending *e, struct fault *fault)
{
	int listens = look(e, fault);

	if (listens < 0)
		return -1;
	if (listens && (xlending_wait_ms(e) < 0 || clock_ms() < e->deadline))
		return 0;
	return end_it(e, true, fault);
}

int xlending_end(struct xlending *e, struct fault *fault)
{
	struct xl_look look = {.there = false};
	int over = 0, result = xlending_tell(e, fault);

	while (result == 0 && !over) {
		over = xldomain_look(e->host, e->name, e->uuid, &look, fault);
		if (over < 0)
			result = -1;
		else if (!look.there)
			over = 1;
		else if (!over) {
			(void)poll(NULL, 0, LOOK_MS);
			result = xlending_turn(e, fault);
		}
	}
	xlending_close(e);
	return result;
}
