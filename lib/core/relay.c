#include "core/relay.h"

#include "core/buf.h"
#include "core/fd.h"
#include "core/num.h"
#include "core/procstat.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	PASSED_TO_ALL = 0x6d697261, /* what the signal carries that relay_pass sends */
	GENERATIONS_MAX = 64
};

static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

static struct relay *innermost;

void relay_start(struct relay *r)
{
	sigset_t set;

	*r = (struct relay){.fd = -1, .outer = innermost};
	innermost = r;
	if (r->outer) {
		r->fd = r->outer->fd;
		return;
	}

	sigemptyset(&set);
	add_unless_ignored(&set, SIGINT);
	add_unless_ignored(&set, SIGTERM);
	add_unless_ignored(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &r->before);
	r->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->fd < 0) /* then they end us as they always do */
		sigprocmask(SIG_SETMASK, &r->before, NULL);
}

int relay_take(struct relay *r)
{
	struct signalfd_siginfo info;

	if (read(r->fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	for (struct relay *each = r; each; each = each->outer) {
		each->caught = (int)info.ssi_signo;
		each->count++;
	}
	if (r->outer)
		return 0;
	if (info.ssi_code == SI_KERNEL ||
	    (info.ssi_code == SI_QUEUE && info.ssi_int == PASSED_TO_ALL))
		return 0;
	return r->caught;
}

/* 0 when that can't be seen. */
static pid_t parent_of(pid_t pid)
{
	struct procstat now;

	return procstat_read(pid, &now) ? (pid_t)now.fields[PROCSTAT_PPID] : 0;
}

bool relay_is_below(pid_t pid, pid_t ancestor)
{
	for (int i = 0; pid > 1 && i < GENERATIONS_MAX; i++, pid = parent_of(pid))
		if (pid == ancestor)
			return true;
	return false;
}

static bool has_pid(const struct buf *pids, pid_t pid)
{
	for (size_t at = 0; at < pids->length; at += sizeof pid)
		if (!memcmp(pids->bytes + at, &pid, sizeof pid))
			return true;
	return false;
}

/* Adds the process and those below it that aren't among `pids`, and stops them. */
static void stop_others(pid_t top, struct buf *pids)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		uint64_t number;
		pid_t pid;

		if (num_parse(entry->d_name, 1, INT_MAX, &number) != NUM_OK)
			continue;
		pid = (pid_t)number;
		if (has_pid(pids, pid) || !relay_is_below(pid, top))
			continue;
		kill(pid, SIGSTOP);
		buf_add(pids, &pid, sizeof pid);
	}
	if (proc)
		closedir(proc);
}

/* Whoever ends leaves its children to another parent, and whoever isn't stopped may start one that
 * we don't see: so all are found and stopped before one is told. */
void relay_pass(pid_t top, int number)
{
	const union sigval value = {.sival_int = PASSED_TO_ALL};
	struct buf pids A_CLEANUP(buf_free) = {0};
	size_t before;

	/* 0 and less are whole groups to kill(2), and all is below 1 */
	if (top <= 1)
		return;
	buf_add(&pids, &top, sizeof top);
	kill(top, SIGSTOP);
	do {
		before = pids.length;
		stop_others(top, &pids);
	} while (pids.length > before);
	for (size_t at = 0; at < pids.length; at += sizeof top) {
		memcpy(&top, pids.bytes + at, sizeof top);
		(void)sigqueue(top, number, value);
	}
	for (size_t at = 0; at < pids.length; at += sizeof top) {
		memcpy(&top, pids.bytes + at, sizeof top);
		kill(top, SIGCONT);
	}
}

void relay_stop(struct relay *r, bool end)
{
	innermost = r->outer;
	if (r->outer)
		return;
	fd_close(&r->fd);
	sigprocmask(SIG_SETMASK, &r->before, NULL);
	if (end && r->caught)
		(void)raise(r->caught);
}
