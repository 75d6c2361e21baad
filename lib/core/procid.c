#include "core/procid.h"

#include "core/fd.h"
#include "core/num.h"
#include "core/procstat.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

struct procid procid_of(pid_t pid)
{
	struct procstat now;

	if (!procstat_read(pid, &now) || now.ended)
		return (struct procid){0};
	return (struct procid){pid, now.fields[PROCSTAT_STARTTIME]};
}

bool procid_same(struct procid one, struct procid other)
{
	return one.pid == other.pid && one.started == other.started;
}

bool procid_is_alive(struct procid id)
{
	return id.pid > 0 && procid_same(procid_of(id.pid), id);
}

int procid_open(struct procid id)
{
	int fd = -1;

	errno = ESRCH;
	if (id.pid > 0)
		fd = pidfd_open(id.pid, 0);
	/* only now is the number its own for as long as we hold it */
	if (fd >= 0 && !procid_is_alive(id)) {
		fd_close(&fd);
		errno = ESRCH;
	}
	return fd;
}

void procid_kill(struct procid id)
{
	int fd A_CLEANUP(fd_close) = procid_open(id);

	if (fd >= 0)
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	else if (errno == ENOSYS && procid_is_alive(id))
		kill(id.pid, SIGKILL);
}

void procid_text(struct procid id, struct buf *into)
{
	buf_printf(into, "%d.%llu", (int)id.pid, (unsigned long long)id.started);
}

bool procid_parse(const char *text, struct procid *into)
{
	const char *dot = strchr(text, '.');
	uint64_t pid, started;

	if (!dot || num_parse_bytes(text, (size_t)(dot - text), 1, INT_MAX, &pid) != NUM_OK ||
	    num_parse(dot + 1, 0, UINT64_MAX, &started) != NUM_OK)
		return false;
	*into = (struct procid){(pid_t)pid, started};
	return true;
}
