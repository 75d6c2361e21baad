#include "host/processes.h"

#include "scratch.h"
#include "tap.h"

#include <signal.h>
#include <sys/prctl.h>

static struct fault fault;

/* A process of that name that has started another, and waits; *below is that other. */
static pid_t start(const char *name, pid_t *below)
{
	int ready[2];
	pid_t child;

	scratch_need(pipe(ready) == 0, "pipe");
	child = fork();
	scratch_need(child >= 0, "fork");
	if (child == 0) {
		prctl(PR_SET_NAME, name);
		if (fork() == 0) {
			pid_t self = getpid();

			/* before anybody kills its parent */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (write(ready[1], &self, sizeof self) == sizeof self)
				pause();
			_exit(1);
		}
		pause();
		_exit(1);
	}
	scratch_need(read(ready[0], below, sizeof *below) == sizeof *below, "read");
	close(ready[0]);
	close(ready[1]);
	return child;
}

static size_t count_below(const struct processes *p, const struct process *top)
{
	size_t count = 0;

	for (const struct process *q = top; q; q = processes_below(p, top, q))
		count++;
	return count;
}

/* Whatever a process is called. */
static void test_names(void)
{
	static const char *const names[] = {
	    "plain", ") Z 1 1 1", "a) S (b", "))))))))", "(", " ", "a\nb", "x 1 2 3 4 5 6 7"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct processes p A_CLEANUP(processes_free) = {0};
		pid_t below, child = start(names[i], &below);
		struct procid id = procid_of(child), wrong = {child, id.started + 1};
		const struct process *found;

		scratch_need(processes_read(&p, &fault) == 0, fault.text);
		found = processes_find(&p, id);
		ok(found && found->parent == getpid(), "name %zu: it is there, and ours", i);
		ok(found && found->group == getpgrp() && found->session == getsid(0),
		    "in our group and session");
		ok(found && found->resident > 4096, "with memory");
		ok(!processes_find(&p, wrong), "and nobody else of that number");
		is_int(
		    (long long)(found ? count_below(&p, found) : 0), 2, "two are it and below it");
		ok(found && processes_below(&p, found, found)->id.pid == below, "one by name");
		kill(child, SIGKILL);
		scratch_need(waitpid(child, NULL, 0) == child, "waitpid");
	}
}

static void test_all(void)
{
	struct processes p A_CLEANUP(processes_free) = {0};
	struct procid self = procid_of(getpid());
	pid_t below, child = start("zombie", &below);
	siginfo_t info;

	kill(child, SIGKILL);
	scratch_need(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0, "waitid");
	scratch_need(processes_read(&p, &fault) == 0, fault.text);
	for (size_t i = 0; i < p.count; i++)
		if (p.items[i].id.pid == child)
			ok(false, "one that has ended is there");
	for (size_t i = 1; i < p.count; i++)
		if (p.items[i - 1].id.pid >= p.items[i].id.pid)
			ok(false, "%zu is out of order", i);
	ok(processes_find(&p, self) != NULL, "we are there");
	ok(processes_find(&p, procid_of(getppid())) != NULL, "and who has started us");
	ok(!processes_find(&p, (struct procid){0}), "nobody is 0");
	for (size_t i = 0; i < p.count; i++)
		if (count_below(&p, &p.items[i]) > p.count)
			ok(false, "more are below %d than there are", (int)p.items[i].id.pid);
	scratch_need(waitpid(child, NULL, 0) == child, "waitpid");
}

/* Processor time that we have used up ourselves is told. */
static void test_time(void)
{
	struct processes p A_CLEANUP(processes_free) = {0};
	const struct process *self = NULL;

	for (int tries = 0; tries < 1000 && (!self || self->cpu_ms < 50); tries++) {
		for (volatile int i = 0; i < 10000000; i++)
			;
		scratch_need(processes_read(&p, &fault) == 0, fault.text);
		self = processes_find(&p, procid_of(getpid()));
	}
	ok(self && self->cpu_ms >= 50 && self->cpu_ms < 600000, "processor time, in milliseconds");
}

int main(void)
{
	int before = scratch_open_count();

	test_names();
	test_all();
	test_time();
	is_int(scratch_open_count(), before, "no descriptor is left");
	return tap_end();
}
