#include "host/rootless.h"

#include "core/fd.h"
#include "core/num.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static bool read_below(const char *proc, const char *name, struct buf *text)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	struct fault ignored; /* a file that isn't there says nothing */

	buf_printf(&path, "%s/%s", proc, name);
	text->max = 1 << 20;
	return file_read(buf_str(&path), EX_NOINPUT, text, &ignored) == 0;
}

/* A setting, or -1 where the kernel has none of that name. */
static int64_t setting(const char *proc, const char *name)
{
	struct buf text A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
	uint64_t number;

	buf_printf(&path, "sys/%s", name);
	if (!read_below(proc, buf_str(&path), &text))
		return -1;
	if (text.length && text.bytes[text.length - 1] == '\n')
		text.bytes[text.length - 1] = '\0';
	return num_parse(buf_str(&text), 0, INT64_MAX, &number) == NUM_OK ? (int64_t)number : -1;
}

/* Each setting shows itself by its own error; without one all count. */
static bool settings_forbid(const char *proc, int error, struct buf *why)
{
	bool refused = !error || error == EPERM || error == EACCES;
	bool limited = !error || error == ENOSPC || error == EUSERS;

	if (refused && setting(proc, "kernel/unprivileged_userns_clone") == 0)
		buf_adds(why, "kernel.unprivileged_userns_clone is 0: user namespaces are root's");
	else if (limited && setting(proc, "user/max_user_namespaces") == 0)
		buf_adds(why, "user.max_user_namespaces is 0: no user namespaces");
	else if (limited && setting(proc, "user/max_net_namespaces") == 0)
		buf_adds(why, "user.max_net_namespaces is 0: no network namespaces");
	else if (refused && setting(proc, "kernel/apparmor_restrict_unprivileged_userns") > 0)
		buf_adds(why,
		    "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor allows user "
		    "namespaces only to programs with a profile");
	else
		return false;
	return true;
}

/* The mount point is the fifth word of a line of proc(5)'s mountinfo. */
static bool is_root_mount(const char *line)
{
	for (int word = 1; word < 5; word++) {
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return line[0] == '/' && line[1] == ' ';
}

/* mountinfo has only what can be seen from our root, which is no mount in most chroots. */
static bool is_chroot(const char *proc)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!read_below(proc, "self/mountinfo", &text))
		return false;
	for (const char *line = buf_str(&text); *line;) {
		if (is_root_mount(line))
			return false;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return true;
}

static bool has_seccomp(const char *proc)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	const char *line;

	if (!read_below(proc, "self/status", &text))
		return false;
	line = strstr(buf_str(&text), "\nSeccomp:\t");
	return line && line[10] != '0';
}

static bool has_namespaces(const char *proc)
{
	struct buf user A_CLEANUP(buf_free) = {0}, net A_CLEANUP(buf_free) = {0};

	buf_printf(&user, "%s/self/ns/user", proc);
	buf_printf(&net, "%s/self/ns/net", proc);
	return access(buf_str(&user), F_OK) == 0 && access(buf_str(&net), F_OK) == 0;
}

static void explain_refusal(const char *proc, struct buf *why)
{
	if (has_seccomp(proc))
		buf_adds(why, "a system call filter (seccomp) forbids it, as in most containers");
	else if (is_chroot(proc))
		buf_adds(why, "there are no user namespaces in a chroot");
	else
		buf_adds(why, "a chroot or a security module (AppArmor, SELinux) forbids it");
}

bool rootless_obstacle(const char *proc, int error, struct buf *why)
{
	if (!has_namespaces(proc)) {
		buf_adds(why, access(proc, X_OK) < 0
				  ? "there is no /proc"
				  : "the kernel has no user or network namespaces");
		return true;
	}
	if (settings_forbid(proc, error, why))
		return true;
	switch (error) {
	case ENOSPC:
	case EUSERS:
		buf_printf(why,
		    "the limit of %lld user namespaces (user.max_user_namespaces), of 32 within "
		    "one another, or of network namespaces is reached",
		    (long long)setting(proc, "user/max_user_namespaces"));
		return true;
	case EPERM:
	case EACCES:
	case ENOSYS:
		explain_refusal(proc, why);
		return true;
	default:
		return false;
	}
}
