#include "core/procid.h"

#include "core/fd.h"
#include "core/num.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* The start time in the text of /proc/PID/stat; false also for a process that has ended and waits
 * for its parent (Z). The second field is the program's name, which may have blanks and parentheses
 * in it, so the count begins behind the last of these. */
static bool start_time(const char *text, uint64_t *started)
{
	const char *field = strrchr(text, ')');

	for (int i = 2; field && i < 22; i++) {
		field = strchr(field, ' ');
		field = field ? field + 1 : NULL;
		if (i == 2 && field && (*field == 'Z' || *field == 'X'))
			return false;
	}
	if (!field)
		return false;
	return num_parse_bytes(field, strcspn(field, " "), 0, UINT64_MAX, started) == NUM_OK;
}

struct procid procid_of(pid_t pid)
{
	char path[32], text[1024];
	struct procid id = {.pid = pid};
	int fd A_CLEANUP(fd_close) = -1;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length > 0) {
		text[length] = '\0';
		if (start_time(text, &id.started))
			return id;
	}
	return (struct procid){0};
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
