#include "host/supervise.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/proc.h"
#include "host/cgroup.h"
#include "host/cleanup.h"
#include "host/console.h"
#include "host/instancelog.h"
#include "host/program.h"
#include "host/superoutput.h"
#include "host/superstate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	DRAIN_MS = 1000, /* for output that is there yet, when others hold the pipe */
	RETRY_MS = 5000  /* until a record that could not be written is tried again */
};

/* Times are of clock_ms; 0: not. */
struct run {
	const struct supervise *what;
	struct instances store;
	struct superstate state;
	struct superoutput output;
	struct cgroup group;
	struct program program;
	struct restart_history history;
	int signals;
	bool told;    /* to end */
	bool unclear; /* what it has elsewhere may still be there */
	bool over;
	int64_t started;
	int64_t drained;
	int64_t wake;
	int64_t retry;
	uint64_t oom_kills;
};

static void free_run(struct run *r)
{
	program_free(&r->program);
	superoutput_close(&r->output);
	cgroup_remove(&r->group);
	superstate_free(&r->state);
	fd_close(&r->signals);
	instances_close(&r->store);
}

/* ---- the record ---------------------------------------------------------------------------------
 */

static void write_state(struct run *r)
{
	struct fault fault;

	if (superstate_write(&r->state, &fault) == 0)
		return;
	if (!r->retry)
		superoutput_note(&r->output, "its record can't be written: %s", fault.text);
	r->retry = clock_ms() + RETRY_MS;
}

/* What could not be cleared away isn't over: without us it is lost, which mirari gc looks for. */
static void end_all(struct run *r, enum instance_status status)
{
	if (!r->unclear)
		r->state.status = status;
	r->over = true;
}

/* ---- one run of the program ---------------------------------------------------------------------
 */

static int start(struct run *r, struct fault *fault)
{
	r->oom_kills = cgroup_oom_kills(&r->group);
	if (program_start(&r->program, fault) < 0)
		return -1;
	r->started = clock_ms();
	r->wake = 0;
	r->state.status = INSTANCE_RUNNING;
	r->state.process = r->program.id;
	r->state.started = clock_now();
	r->state.ended = r->state.next = 0;
	superoutput_note(&r->output, "started: pid %d", (int)r->program.id.pid);
	return 0;
}

/* Chance needs no more than to differ from one supervisor to the next. */
static uint32_t chance(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
		return number;
	return (uint32_t)getpid() * 2654435761U;
}

/* What happens now that it has ended, or could not be started; `how` is that in words. */
static void decide(struct run *r, int status, const char *how)
{
	const struct restart_end end = {
	    .status = status, .told = r->told, .lasted = r->started ? clock_ms() - r->started : 0};
	int64_t wait = 0;

	r->started = 0;
	r->state.process = (struct procid){0};
	r->state.ended = clock_now();
	r->state.exit = status;
	switch (restart_decide(&r->what->restart, &r->history, &end, chance(), &wait)) {
	case RESTART_AGAIN:
		superoutput_note(&r->output, "%s; again in %lld ms", how, (long long)wait);
		r->state.status = INSTANCE_WAITING;
		r->state.next = r->state.ended + wait;
		r->wake = clock_ms() + wait;
		break;
	case RESTART_GIVE_UP:
		superoutput_note(
		    &r->output, "%s; gave up after %u restarts", how, r->history.in_a_row);
		end_all(r, INSTANCE_FAILED);
		break;
	case RESTART_DONE:
	default:
		superoutput_note(&r->output, "%s%s", how, r->told ? "; stopped" : "");
		end_all(r, r->told ? INSTANCE_STOPPED : status ? INSTANCE_FAILED : INSTANCE_EXITED);
		break;
	}
	write_state(r);
}

static void describe(int status, int signal, struct buf *into)
{
	const char *abbreviation = signal ? sigabbrev_np(signal) : NULL;

	buf_printf(into, "ended with status %d", status);
	if (abbreviation)
		buf_printf(into, " (SIG%s)", abbreviation);
	else if (status == EX_USAGE)
		buf_adds(into, " (usage)");
	else if (status == EXIT_SIGNALLED + SIGABRT)
		buf_adds(into, " (abort)");
}

static int clean_up(struct run *r, struct fault *fault)
{
	superoutput_note(&r->output, "clearing away what it has left");
	r->unclear = cleanup_run(r->what->record, fault) < 0;
	return r->unclear ? -1 : 0;
}

/* A program that was killed has had no time to clear away what it has elsewhere; one that was told
 * to end has, if it could get there. */
static void clean_up_after(struct run *r, int status, int signal)
{
	const bool killed = signal && signal != SIGTERM && signal != SIGINT && signal != SIGHUP;
	struct fault fault;

	if (cleanup_is_needed(r->what->record) &&
	    (killed || (r->told && status == EX_UNAVAILABLE)) && clean_up(r, &fault) < 0)
		superoutput_note(&r->output, "%s", fault.text);
}

static void finish(struct run *r)
{
	struct buf how A_CLEANUP(buf_free) = {0};
	int signal, status = program_clear(&r->program, &signal);

	r->drained = 0;
	superoutput_end(&r->output);
	clean_up_after(r, status, signal);
	describe(status, signal, &how);
	if (cgroup_oom_kills(&r->group) > r->oom_kills)
		buf_adds(&how, ", out of the memory that it may use");
	decide(r, status, buf_str(&how));
}

static void start_again(struct run *r)
{
	struct buf how A_CLEANUP(buf_free) = {0};
	struct fault fault;

	r->wake = 0;
	if ((!r->unclear || clean_up(r, &fault) == 0) && start(r, &fault) == 0) {
		r->state.restarts++;
		write_state(r);
		return;
	}
	buf_printf(&how, "could not be started: %s", fault.text);
	decide(r, fault.status, buf_str(&how));
}

/* ---- signals ------------------------------------------------------------------------------------
 */

static void tell(struct run *r, int number)
{
	bool first = !r->told;
	struct fault fault;

	r->told = true;
	if (!r->program.id.pid) {
		superoutput_note(&r->output, "stopped");
		if (r->unclear)
			(void)!clean_up(r, &fault);
		r->wake = r->state.next = 0;
		end_all(r, INSTANCE_STOPPED);
		write_state(r);
		return;
	}
	if (first || number == SIGQUIT)
		superoutput_note(&r->output, "SIG%s: %s pid %d", sigabbrev_np(number),
		    number == SIGQUIT ? "killing" : "ending", (int)r->program.id.pid);
	if (number == SIGQUIT)
		program_kill(&r->program);
	else
		program_signal(&r->program, SIGTERM);
	r->state.status = INSTANCE_STOPPING;
	if (first)
		write_state(r);
}

static void take_signals(struct run *r)
{
	struct signalfd_siginfo info;

	while (!r->over && read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo != SIGCHLD) {
			tell(r, (int)info.ssi_signo);
			continue;
		}
		program_look(&r->program);
		if (r->program.ended && !r->drained)
			r->drained = clock_ms() + DRAIN_MS;
	}
}

/* SIGTERM and SIGQUIT are how we are told to stop, also by one whose shell has ignored them for its
 * background jobs; the others mean that only where nobody has said otherwise (nohup). */
static int hold_signals(struct run *r, struct fault *fault)
{
	static const int optional[] = {SIGINT, SIGHUP};
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGQUIT);
	for (size_t i = 0; i < COUNT_OF(optional); i++) {
		struct sigaction now;

		if (sigaction(optional[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, optional[i]);
	}
	if (program_prepare(&r->program, &held, fault) < 0)
		return -1;
	sigaddset(&held, SIGCHLD);
	r->signals = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? fault_errno(fault, EX_OSERR, errno, "signalfd") : 0;
}

/* ---- the loop -----------------------------------------------------------------------------------
 */

static void sooner(int64_t when, int64_t now, int *timeout)
{
	int64_t left = when > now ? when - now : 0;

	if (when && (*timeout < 0 || left < *timeout))
		*timeout = (int)left;
}

static int timeout(const struct run *r)
{
	int64_t now = clock_ms();
	int left = -1;

	sooner(r->drained, now, &left);
	sooner(r->wake, now, &left);
	sooner(r->state.stale ? r->retry : 0, now, &left);
	return left;
}

static bool is_drained(const struct run *r)
{
	return r->program.ended &&
	       ((r->program.out[LOG_STDOUT] < 0 && r->program.out[LOG_STDERR] < 0) ||
		   clock_ms() >= r->drained);
}

static void loop(struct run *r)
{
	while (!r->over) {
		struct pollfd polls[1 + SUPEROUTPUT_POLLS] = {{.fd = r->signals, .events = POLLIN}};
		size_t count = superoutput_polls(&r->output, &r->program, polls + 1);

		if (poll(polls, 1 + count, timeout(r)) > 0) {
			/* what it has printed comes before what became of it */
			superoutput_serve(&r->output, &r->program, polls + 1, count);
			if (polls[0].revents)
				take_signals(r);
		}
		if (!r->over && is_drained(r))
			finish(r);
		if (!r->over && r->wake && clock_ms() >= r->wake)
			start_again(r);
		if (!r->state.stale)
			r->retry = 0;
		else if (clock_ms() >= r->retry)
			write_state(r);
	}
}

/* ---- beginning ----------------------------------------------------------------------------------
 */

static int set_log_path(struct run *r, const char *name, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "%s/%s.log", buf_str(&r->store.logs), name);
	return superstate_set(&r->state, "instance.log", buf_str(&path), fault);
}

static int take_name(struct run *r, const char *name, struct fault *fault)
{
	struct buf policy A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < r->what->record->count; i++)
		rec_borrow(&r->state.base, &r->what->record->fields[i]);
	restart_text(&r->what->restart, &policy);
	if (superstate_set(&r->state, "instance.restart", buf_str(&policy), fault) < 0 ||
	    set_log_path(r, name, fault) < 0)
		return -1;
	return superstate_take(&r->state, fault);
}

static int make_group(struct run *r, const char *name, struct fault *fault)
{
	const struct limits *limits = &r->what->limits;
	bool needed = limits->memory || limits->cpus;
	struct fault ignored;

	if (needed && cgroup_make(&r->group, &cgroup_world, name, limits, fault) < 0)
		return -1;
	if (!needed && limits->cpuset &&
	    cgroup_make(&r->group, &cgroup_world, name, limits, &ignored) < 0)
		r->group.cpuset = false;
	if (limits->cpuset && !r->group.cpuset)
		r->program.processors = &limits->processors;
	if (r->group.dir < 0)
		return 0;
	return superstate_set(&r->state, "instance.cgroup", buf_str(&r->group.path), fault);
}

static int say_started(struct run *r, const char *name, struct fault *fault)
{
	struct instance now A_CLEANUP(instance_free) = {0};

	if (superstate_write(&r->state, fault) < 0 ||
	    instance_find(&r->store, name, &now, fault) < 0)
		return -1;
	return r->what->started(&now.record, fault);
}

/* From here on there is something to be taken back. */
static int begin(struct run *r, const char *name, struct fault *fault)
{
	if (make_group(r, name, fault) < 0 ||
	    superoutput_open(&r->output, &r->store, name, fault) < 0 || start(r, fault) < 0)
		return -1;
	return say_started(r, name, fault);
}

static void take_back(struct run *r)
{
	int ignored;

	if (r->program.id.pid) {
		program_kill(&r->program);
		program_clear(&r->program, &ignored);
	}
	superoutput_close(&r->output);
	superstate_abandon(&r->state, r->output.log_was_there);
}

int supervise_run(const struct supervise *s, int *status, struct fault *fault)
{
	const char *name = rec_get(s->record, "instance.name");
	struct buf path A_CLEANUP(buf_free) = {0};
	struct run r A_CLEANUP(free_run) = {.what = s,
	    .store.dir = -1,
	    .signals = -1,
	    .group = CGROUP_NONE,
	    .program = {.command = s->command, .in = -1, .out = {-1, -1}},
	    .output = SUPEROUTPUT_CLOSED};

	r.state.store = &r.store;
	r.program.group = &r.group;
	r.output.log.limit = s->log_size;
	r.output.log.files = s->log_files;
	/* told to end from here on we end in order */
	if (proc_locate(s->command->items[0], &path, fault) < 0 || hold_signals(&r, fault) < 0 ||
	    instances_open(&r.store, true, fault) < 0 || take_name(&r, name, fault) < 0)
		return -1;
	if (begin(&r, name, fault) < 0) {
		take_back(&r);
		return -1;
	}
	loop(&r);
	*status = r.told ? EX_OK : r.state.exit;
	return 0;
}
