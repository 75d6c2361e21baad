#include "host/sshdir.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char prefix[] = "mirari-ssh.";
static const char pattern[] = "/mirari-ssh.XXXXXX";

enum {
	/* behind the directory: the socket, and what ssh adds while it makes it, of which there
	 * are 17 bytes (mux.c of OpenSSH) */
	BEHIND = sizeof "/socket" + 17,
	OLD_S = 300 /* longer than connecting takes, in which there is no socket yet */
};

/* 0 or errno: ssh makes its socket under another name, and gives it this one once it listens. */
static int try_socket(const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd A_CLEANUP(fd_close) = -1;

	if (strlen(socket_path) >= sizeof address.sun_path)
		return ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return errno;
	return 0;
}

bool sshdir_listens(const char *socket_path)
{
	return try_socket(socket_path) == 0;
}

static void remove_files(int dir)
{
	DIR *files A_CLEANUP(dir_close) = dir_open(dir, ".");
	struct dirent *entry;

	while (files && (entry = readdir(files)))
		(void)unlinkat(dir, entry->d_name, 0);
}

void sshdir_remove(const char *path)
{
	int dir A_CLEANUP(fd_close) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return;
	remove_files(dir);
	(void)rmdir(path);
}

/* Ours, old, and nobody's. */
static bool is_left(int at, const char *name, const char *path)
{
	struct buf socket_path A_CLEANUP(buf_free) = {0};
	struct stat st;
	int error;

	if (strncmp(name, prefix, strlen(prefix)) ||
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	buf_printf(&socket_path, "%s/socket", path);
	error = try_socket(buf_str(&socket_path));
	return error == ECONNREFUSED || (error == ENOENT && time(NULL) - st.st_mtime >= OLD_S);
}

static void remove_left(const char *parent)
{
	DIR *all A_CLEANUP(dir_close) = dir_open(AT_FDCWD, parent);
	struct dirent *entry;

	while (all && (entry = readdir(all))) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", parent, entry->d_name);
		if (is_left(dirfd(all), entry->d_name, buf_str(&path)))
			sshdir_remove(buf_str(&path));
	}
}

static bool is_fit(const char *parent)
{
	const struct sockaddr_un *address = NULL;

	return parent && *parent == '/' && !strpbrk(parent, "%$") &&
	       strlen(parent) + strlen(pattern) + BEHIND <= sizeof address->sun_path &&
	       access(parent, W_OK | X_OK) == 0;
}

int sshdir_make(struct buf *into, struct fault *fault)
{
	const char *parents[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
	int error = ENOENT;

	for (size_t i = 0; i < COUNT_OF(parents); i++) {
		struct buf path A_CLEANUP(buf_free) = {0};

		if (!is_fit(parents[i]))
			continue;
		remove_left(parents[i]);
		buf_printf(&path, "%s%s", parents[i], pattern);
		if (mkdtemp(path.bytes)) {
			buf_adds(into, buf_str(&path));
			return 0;
		}
		error = errno;
	}
	return fault_errno(fault, EX_CANTCREAT, error, "make a directory for ssh's socket in /tmp");
}
