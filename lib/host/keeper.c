#include "host/keeper.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/strv.h"
#include "host/dhcpbridge.h"
#include "host/dhcpsocket.h"
#include "host/nat.h"
#include "host/tapgone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 100 }; /* between two looks at taps that are open still */

/* What it says once, through a pipe, when it is ready or can't be. */
struct report {
	bool ready;
	struct procid id;
	struct fault fault;
};

struct answered {
	int fd; /* owned; -1 when its interface is gone */
	int wait_ms;
	struct dhcp_lease lease;
};

/* ---- in the keeper ------------------------------------------------------------------------------
 */

/* Away from the terminal, its signals, and all descriptors but two, which it gets the numbers of.
 */
static int detach(int *out, int *program)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP};
	enum { OUT = 3, PROGRAM = 4, OTHERS = 5 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), high_out, high_program = -1;
	sigset_t none;

	for (size_t i = 0; i < COUNT_OF(ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	/* systemd, as other managers, tells a whole group to end, where a program's keeper is in,
	 * too: it has to outlive the program. Only an interface's is ever to be stopped
	 * (keeper_stop), which has to come through: the caller holds signals back until all is
	 * made. */
	signal(SIGTERM, *program >= 0 ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	high_out = fcntl(*out, F_DUPFD_CLOEXEC, OTHERS);
	if (*program >= 0)
		high_program = fcntl(*program, F_DUPFD_CLOEXEC, OTHERS);
	if (null < 0 || high_out < 0 || (*program >= 0 && high_program < 0))
		return -1;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	if (dup3(high_out, OUT, O_CLOEXEC) < 0 ||
	    (high_program >= 0 && dup3(high_program, PROGRAM, O_CLOEXEC) < 0))
		return -1;
	*out = OUT;
	*program = high_program >= 0 ? PROGRAM : -1;
	if (high_program < 0)
		close(PROGRAM);
	return close_range(OTHERS, ~0U, 0) < 0 || chdir("/") < 0 ? -1 : 0;
}

static int open_answered(const struct keeper *k, struct answered *all, struct fault *fault)
{
	for (size_t i = 0; i < k->answered_count; i++) {
		const struct netdev *device = k->answered[i];

		if (netservice_lease(
			&k->service, device, device == k->first, &all[i].lease, fault) < 0)
			return -1;
		all[i].fd = dhcpsocket_open(device->ifindex, &all[i].lease, fault);
		if (all[i].fd < 0)
			return -1;
	}
	return 0;
}

/* Whether there may be more to remove later: what the program has started may have its taps open
 * still. */
static bool remove_litter(void)
{
	struct tapgone gone A_CLEANUP(tapgone_free) = {.litter = true};
	struct fault ignored; /* nobody is there to hear it; mirari-tap gc tries again */

	return tapgone_remove(&gone, &ignored) == 0 && gone.held;
}

static void clean_up(const struct keeper *k)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	struct fault ignored;

	while (remove_litter())
		nanosleep(&pause, NULL);
	/* of many programs that end at once the first keeper does it for all */
	if (k->translated_count && nat_remove_gone(NULL, tapgone_find, &ignored) < 0)
		return;
}

static int set_up(const struct keeper *k, struct answered *all, struct fault *fault)
{
	if (open_answered(k, all, fault) < 0)
		return -1;
	return netservice_nat(k->translated, k->translated_count, NULL, fault);
}

/* Answers until the program has ended or the last interface is gone. */
static void serve(struct answered *all, size_t count, int program)
{
	struct pollfd *polled = mem_zeroed(count + 1, sizeof *polled);
	size_t left = count;

	polled[count] = (struct pollfd){.fd = program, .events = POLLIN};
	while ((left || program >= 0) && !polled[count].revents) {
		int wait_ms = -1;

		for (size_t i = 0; i < count; i++) {
			polled[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
			if (all[i].fd >= 0 && all[i].wait_ms >= 0 &&
			    (wait_ms < 0 || all[i].wait_ms < wait_ms))
				wait_ms = all[i].wait_ms;
		}
		if (poll(polled, count + 1, wait_ms) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < count; i++) {
			struct fault gone;

			if (all[i].fd < 0 ||
			    dhcpsocket_serve(all[i].fd, &all[i].lease, &all[i].wait_ms, &gone) == 0)
				continue;
			fd_close(&all[i].fd);
			left--;
		}
	}
	free(polled);
}

/* Until the bridge is gone, or has another keeper. */
static void serve_bridge(struct dhcpbridge *bridge)
{
	struct pollfd polled = {.fd = bridge->fd, .events = POLLIN};
	struct fault gone;
	int wait_ms;

	while (dhcpbridge_serve(bridge, &wait_ms, &gone) == 0)
		if (poll(&polled, 1, wait_ms) < 0 && errno != EINTR)
			break;
}

static void say(int out, const struct report *report)
{
	/* if nobody reads it, the program has ended, which is seen next */
	(void)!fd_write(out, report, sizeof *report);
	close(out);
}

static void keep_bridge(const struct keeper *k, int out)
{
	struct report report = {.id = procid_of(getpid())};
	struct dhcpbridge bridge = {.ifindex = k->bridge, .self = report.id, .fd = -1};
	int none = -1;

	if (detach(&out, &none) < 0)
		fault_errno(&report.fault, EX_OSERR, errno, "detach the DHCP process");
	else
		report.ready = dhcpbridge_open(&bridge, &report.fault) == 0;
	say(out, &report);
	if (report.ready)
		serve_bridge(&bridge);
	dhcpbridge_close(&bridge);
}

static void keep(const struct keeper *k, int out, int program)
{
	struct answered *all = mem_zeroed(k->answered_count, sizeof *all);
	struct report report = {.id = procid_of(getpid())};

	for (size_t i = 0; i < k->answered_count; i++)
		all[i].fd = all[i].wait_ms = -1;
	if (detach(&out, &program) < 0)
		fault_errno(&report.fault, EX_OSERR, errno, "detach the DHCP process");
	else
		report.ready = set_up(k, all, &report.fault) == 0;
	say(out, &report);
	if (report.ready)
		serve(all, k->answered_count, program);
	if (k->for_program)
		clean_up(k);
	free(all);
}

/* ---- in the caller ------------------------------------------------------------------------------
 */

static int read_report(int in, struct report *report, struct fault *fault)
{
	size_t got = 0;

	while (got < sizeof *report) {
		ssize_t n = read(in, (char *)report + got, sizeof *report - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault_set(
			    fault, EX_OSERR, "the process that answers DHCP ended at once");
		got += (size_t)n;
	}
	return 0;
}

/* Forks twice, so that the keeper isn't a child of what we become. Returns in the caller only. */
static int start(const struct keeper *k, int out, int program, struct fault *fault)
{
	pid_t between = fork();
	int ignored;

	if (between < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	if (between > 0) {
		while (waitpid(between, &ignored, 0) < 0 && errno == EINTR)
			;
		return 0;
	}
	setsid();
	prctl(PR_SET_NAME, "mirari-keeper");
	if (fork() == 0) {
		if (k->bridge)
			keep_bridge(k, out);
		else
			keep(k, out, program);
	}
	_exit(0);
}

int keeper_start(const struct keeper *k, struct procid *id, struct fault *fault)
{
	int ends[2], program A_CLEANUP(fd_close) = -1, in A_CLEANUP(fd_close) = -1, result;
	struct report report;

	if (k->for_program && (program = pidfd_open(getpid(), 0)) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pidfd_open");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	in = ends[0];
	result = start(k, ends[1], program, fault);
	close(ends[1]);
	if (result < 0 || read_report(in, &report, fault) < 0)
		return -1;
	if (!report.ready) {
		*fault = report.fault;
		return -1;
	}
	*id = report.id;
	return 0;
}

void keeper_stop(struct procid id)
{
	int fd A_CLEANUP(fd_close) = procid_open(id);

	/* it may have ended in between */
	if (fd >= 0 && pidfd_send_signal(fd, SIGTERM, NULL, 0) < 0)
		return;
}
