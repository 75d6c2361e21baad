#include "host/consoleaddress.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

int console_address(int dir, const char *name, struct sockaddr_un *into, struct fault *fault)
{
	int length;

	*into = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(into->sun_path, sizeof into->sun_path, "/proc/self/fd/%d/%s", dir, name);
	if (length < 0 || (size_t)length >= sizeof into->sun_path)
		return fault_set(fault, EX_DATAERR, "%s: too long for the name of a socket", name);
	return 0;
}

int console_socket(int flags, struct fault *fault)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? fault_errno(fault, 0, errno, "socket") : fd;
}
