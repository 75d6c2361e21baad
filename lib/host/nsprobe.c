#include "host/nsprobe.h"

#include "core/fd.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 65536 };

/* In the new namespaces: the status is an errno. */
static int set_up_interface(void *unused)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unused;
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
}

/* clone, not fork: that fails here, where we see the errno. */
int nsprobe_try(void)
{
	struct buf stack A_CLEANUP(buf_free) = {0};
	char *bytes = buf_reserve(&stack, STACK_SIZE);
	int status;
	pid_t child;

	if (!bytes)
		return ENOMEM;
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take the child's status away */
	bytes += STACK_SIZE - (size_t)((uintptr_t)(bytes + STACK_SIZE) % 64);
	child = clone(set_up_interface, bytes, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, NULL);
	if (child < 0)
		return errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

/* The settings that can forbid it. */
static const struct {
	const char *path, *forbids;
	bool limit;      /* it fails with ENOSPC or EUSERS then, for root, too */
	const char *why; /* behind "NAME is VALUE" */
	const char *set;
} settings[] = {
    {"kernel/unprivileged_userns_clone", "0", false, ", Debian's switch for it",
	"kernel.unprivileged_userns_clone=1"},
    {"kernel/apparmor_restrict_unprivileged_userns", "1", false,
	": AppArmor allows it only to programs with a profile that says so",
	"kernel.apparmor_restrict_unprivileged_userns=0"},
    {"user/max_user_namespaces", "0", true, "", "user.max_user_namespaces=15000"},
    {"user/max_net_namespaces", "0", true, "", "user.max_net_namespaces=15000"},
};

static void read_below(const char *root, const char *path, struct buf *text)
{
	struct buf whole A_CLEANUP(buf_free) = {0};
	struct fault ignored; /* not there, not set */

	buf_printf(&whole, "%s%s", root, path);
	if (file_read(buf_str(&whole), EX_OSERR, text, &ignored) < 0)
		buf_clear(text);
}

static bool explain_setting(const char *root, bool limit, struct buf *why, struct buf *advice)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct buf path A_CLEANUP(buf_free) = {0}, value A_CLEANUP(buf_free) = {0};
		const char *name = settings[i].set;

		buf_printf(&path, "/proc/sys/%s", settings[i].path);
		read_below(root, buf_str(&path), &value);
		if (settings[i].limit != limit || strncmp(buf_str(&value), settings[i].forbids, 1))
			continue;
		buf_printf(why, "%.*s is %s%s", (int)strcspn(name, "="), name, settings[i].forbids,
		    settings[i].why);
		buf_printf(advice, "sudo sysctl -w %s", name);
		return true;
	}
	return false;
}

/* proc(5): mountinfo lists what is mounted below a process's root; in a chroot, that one is
 * usually no mount itself. */
static bool is_chroot(const char *root)
{
	struct buf mounts A_CLEANUP(buf_free) = {0};
	const char *line;

	read_below(root, "/proc/self/mountinfo", &mounts);
	if (!mounts.length)
		return false;
	for (line = buf_str(&mounts); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (int field = 1; field < 5; field++) {
			line += strcspn(line, " \n");
			line += *line == ' ';
		}
		if (!strncmp(line, "/ ", 2))
			return false;
	}
	return true;
}

void nsprobe_explain(const char *root, int error, struct buf *why, struct buf *advice)
{
	struct buf status A_CLEANUP(buf_free) = {0};

	if (error == ENOSPC || error == EUSERS) {
		if (!explain_setting(root, true, why, advice))
			buf_adds(why, "there are as many as the kernel allows, here or around us");
		return;
	}
	if (error == EINVAL || error == ENOSYS) {
		buf_adds(why, "this kernel has none");
		return;
	}
	if (explain_setting(root, false, why, advice))
		return;
	read_below(root, "/proc/self/status", &status);
	if (is_chroot(root)) {
		buf_adds(why, "we are in a chroot, where the kernel allows none");
	} else if (strstr(buf_str(&status), "\nSeccomp:\t2")) {
		buf_adds(why, "a seccomp filter forbids it, as those of containers do");
		buf_adds(advice, "docker run --security-opt seccomp=unconfined …");
	} else {
		buf_adds(why, strerror(error));
	}
}

bool nsprobe_only_root(const char *root, struct buf *why, struct buf *advice)
{
	return explain_setting(root, false, why, advice);
}
