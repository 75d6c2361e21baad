#include "core/self.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int self_dir(struct buf *into, struct fault *fault)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);

	if (length < 0 || (size_t)length >= sizeof path)
		return fault_errno(
		    fault, EX_OSERR, length < 0 ? errno : ENAMETOOLONG, "/proc/self/exe");
	while (length > 1 && path[length - 1] != '/')
		length--;
	buf_add(into, path, (size_t)(length > 1 ? length - 1 : length));
	return 0;
}

int self_share(struct buf *into, struct fault *fault)
{
	const char *given = getenv("MIRARI_SHARE");

	if (given && *given) {
		buf_adds(into, given);
		return 0;
	}
	if (self_dir(into, fault) < 0)
		return -1;
	buf_adds(into, "/../share/mirari");
	return 0;
}

int self_first_in_path(struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	const char *old = getenv("PATH");
	size_t own;

	if (self_dir(&path, fault) < 0)
		return -1;
	own = path.length;
	if (old && !strncmp(old, buf_str(&path), own) && (old[own] == ':' || !old[own]))
		return 0;
	/* without PATH, the C library's search has these */
	if (!old || *old)
		buf_printf(&path, ":%s", old ? old : "/bin:/usr/bin");
	if (setenv("PATH", buf_str(&path), 1) < 0)
		return fault_errno(fault, EX_OSERR, errno, "setenv PATH");
	return 0;
}
