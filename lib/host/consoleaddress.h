/* The address of a console's socket, for both of its ends. */
#ifndef MIRARI_HOST_CONSOLEADDRESS_H
#define MIRARI_HOST_CONSOLEADDRESS_H

#include "core/attr.h"
#include "core/fault.h"

#include <sys/un.h>

/* A socket's path is at most 107 bytes (unix(7)), a state directory's may be longer: it goes by the
 * directory's descriptor, in /proc. EX_DATAERR for a name that is too long even so. */
int console_address(
    int dir, const char *name, struct sockaddr_un *into, struct fault *fault) A_MUST_CHECK;

/* A socket for it: close-on-exec. */
int console_socket(int flags, struct fault *fault) A_MUST_CHECK;

#endif
