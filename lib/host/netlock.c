#include "host/netlock.h"

#include "core/clock.h"
#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

enum { LOOK_EVERY_MS = 10 };

static int held = -1;
static unsigned taken;

static int wait_for(int fd, struct fault *fault)
{
	const struct timespec nap = {.tv_nsec = LOOK_EVERY_MS * 1000000};
	const int64_t end = clock_ms() + NETLOCK_PATIENCE_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK && clock_ms() < end)
			nanosleep(&nap, NULL);
		else if (errno == EWOULDBLOCK)
			return fault_set(fault, EX_TEMPFAIL,
			    "another mirari-tap has been changing NAT or bridges for %d s",
			    NETLOCK_PATIENCE_MS / 1000);
		else if (errno != EINTR)
			return fault_errno(fault, 0, errno, "lock /proc/self/ns/net");
	}
	return 0;
}

int netlock_take(struct fault *fault)
{
	if (!taken) {
		held = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (held < 0)
			return fault_errno(fault, 0, errno, "open /proc/self/ns/net");
		if (wait_for(held, fault) < 0) {
			fd_close(&held);
			return -1;
		}
	}
	taken++;
	return 0;
}

void netlock_leave(void)
{
	if (!--taken)
		fd_close(&held);
}
