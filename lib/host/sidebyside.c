#include "host/sidebyside.h"

#include "core/fd.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
	struct job *jobs;
	size_t count;
	struct jobserver *server;
	void (*changed)(const struct job *job, void *context);
	void *context;
	struct relay relay;
};

static size_t in_state(const struct run *r, enum job_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->jobs[i].state == state;
	return n;
}

static void start(struct run *r, struct job *job)
{
	int log A_CLEANUP(fd_close) =
	    open(job->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct proc_io io = {.in = -1, .out = log, .merge = true};

	job->fault.status = 0;
	if (log < 0)
		fault_errno(&job->fault, EX_CANTCREAT, errno, "%s", job->log);
	else if (proc_start(&job->command, &io, &job->child, &job->fault) == 0)
		job->fault.status = 0;
	job->state = job->fault.status ? JOB_ENDED : JOB_RUNS;
	job->status = job->fault.status;
	if (job->fault.status)
		jobserver_give(r->server, job->token);
	r->changed(job, r->context);
}

static void start_some(struct run *r)
{
	for (size_t i = 0; i < r->count && !r->relay.caught; i++) {
		if (r->jobs[i].state != JOB_WAITS)
			continue;
		if (!jobserver_take(r->server, &r->jobs[i].token))
			return;
		start(r, &r->jobs[i]);
	}
}

static void pass_on_signal(struct run *r)
{
	int number = relay_take(&r->relay);

	for (size_t i = 0; number && i < r->count; i++)
		if (r->jobs[i].state == JOB_RUNS)
			relay_pass(r->jobs[i].child.pid, number);
}

static int reap(struct run *r, struct job *job, struct fault *fault)
{
	if (proc_wait(&job->child, &job->status, fault) < 0)
		return -1;
	job->state = JOB_ENDED;
	jobserver_give(r->server, job->token);
	r->changed(job, r->context);
	return 0;
}

/* Until something has ended, a job is to be had, or a signal came. */
static int wait_for_something(struct run *r, struct pollfd *polled, struct fault *fault)
{
	bool more = in_state(r, JOB_WAITS) && !r->relay.caught;
	int patience = -1;

	for (size_t i = 0; i < r->count; i++) {
		bool runs = r->jobs[i].state == JOB_RUNS;

		polled[i] =
		    (struct pollfd){.fd = runs ? r->jobs[i].child.ended : -1, .events = POLLIN};
		if (runs && polled[i].fd < 0)
			patience = WITHOUT_PIDFD_MS;
	}
	polled[r->count] = (struct pollfd){.fd = r->relay.fd, .events = POLLIN};
	polled[r->count + 1] = (struct pollfd){.fd = more ? r->server->take : -1, .events = POLLIN};
	while (poll(polled, r->count + 2, patience) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, errno, "poll");
	if (polled[r->count].revents)
		pass_on_signal(r);
	for (size_t i = 0; i < r->count; i++)
		if (r->jobs[i].state == JOB_RUNS && proc_has_ended(&r->jobs[i].child) &&
		    reap(r, &r->jobs[i], fault) < 0)
			return -1;
	return 0;
}

static int run(struct run *r, struct fault *fault)
{
	struct pollfd *polled = mem_resize(NULL, r->count + 2, sizeof *polled);
	int result = 0;

	start_some(r);
	while (result == 0 &&
	       (in_state(r, JOB_RUNS) || (in_state(r, JOB_WAITS) && !r->relay.caught))) {
		result = wait_for_something(r, polled, fault);
		start_some(r);
	}
	free(polled);
	return result;
}

int sidebyside_run(struct job *jobs, size_t count, struct jobserver *server,
    void (*changed)(const struct job *job, void *context), void *context, int *interrupted,
    struct fault *fault)
{
	struct run r = {
	    .jobs = jobs, .count = count, .server = server, .changed = changed, .context = context};
	int result;

	relay_start(&r.relay);
	result = run(&r, fault);
	*interrupted = r.relay.caught;
	relay_stop(&r.relay, false);
	return result;
}
