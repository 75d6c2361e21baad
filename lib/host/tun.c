#include "host/tun.h"

#include "core/fd.h"
#include "host/tapholder.h"
#include "host/taperror.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Opens the device and makes it this interface's; 0, or an errno. */
static int set_interface(const char *name, int flags, int *fd, struct fault *fault)
{
	struct ifreq request = {.ifr_flags = (short)flags};
	int error;

	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (*fd < 0) {
		tap_fault(&(struct tap_about){TAP_OPEN, name, NULL}, errno, NULL, fault);
		return -1;
	}
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(*fd, TUNSETIFF, &request) == 0)
		return 0;
	error = errno;
	fd_close(fd);
	return error;
}

int tun_create(const char *name, int *fd, struct fault *fault)
{
	/* IFF_TUN_EXCL: never attach to what is there */
	int error = set_interface(name, IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL, fd, fault);

	if (error == EBUSY)
		return 1;
	if (error > 0)
		return tap_fault(&(struct tap_about){TAP_CREATE, name, NULL}, error, NULL, fault);
	return error;
}

int tun_attach(const char *name, int *fd, struct fault *fault)
{
	int error = set_interface(name, IFF_TAP | IFF_NO_PI, fd, fault);

	if (error <= 0)
		return error;
	if (error == EBUSY)
		return tap_in_use(TAP_ATTACH, name, fault);
	return tap_fault(&(struct tap_about){TAP_ATTACH, name, NULL}, error, NULL, fault);
}

int tun_own(int fd, const char *name, uid_t owner, gid_t group, struct fault *fault)
{
	char who[32];

	snprintf(who, sizeof who, "user %u", owner);
	if (ioctl(fd, TUNSETOWNER, (unsigned long)owner) == 0) {
		if (group == (gid_t)-1 || ioctl(fd, TUNSETGROUP, (unsigned long)group) == 0)
			return 0;
		snprintf(who, sizeof who, "group %u", group);
	}
	return tap_fault(&(struct tap_about){TAP_OWN, name, who}, errno, NULL, fault);
}

int tun_persist(int fd, const char *name, struct fault *fault)
{
	if (ioctl(fd, TUNSETPERSIST, 1UL) == 0)
		return 0;
	if (errno == EBADFD)
		return 1;
	return tap_fault(&(struct tap_about){TAP_PERSIST, name, NULL}, errno, NULL, fault);
}
