#include "host/virtssh.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LAST_WORDS_MS = 2000, /* until one that can't reach libvirtd has ended */
	LOOK_MS = 20
};

void virtssh_hang_up(struct virtssh *s)
{
	struct fault ignored;
	int status;

	virtssh_taken(s);
	if (s->carrier.pid > 0) {
		kill(s->carrier.pid, SIGTERM);
		/* there is nothing to be done about one that can't be waited for */
		(void)!proc_wait(&s->carrier, &status, &ignored);
	}
	s->carrier.pid = 0;
	if (s->said > 0)
		fd_close(&s->said);
	s->said = 0;
}

static void unlink_there(struct virtssh *s)
{
	if (s->linked)
		sshlink_free(&s->link);
	s->link = (struct sshlink){0};
	s->linked = false;
}

void virtssh_free(struct virtssh *s)
{
	virtssh_hang_up(s);
	unlink_there(s);
	buf_free(&s->place);
	buf_free(&s->config);
}

void virtssh_taken(struct virtssh *s)
{
	if (s->socket > 0)
		fd_close(&s->socket);
	s->socket = 0;
}

/* ---- the socket ---------------------------------------------------------------------------------
 */

/* Listens; *way is what leads there. Its name is in a directory of ours alone, and gone. */
static int make_socket(const char *dir, int *way, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* the directory's name leaves room for a longer one */
	snprintf(address.sun_path, sizeof address.sun_path, "%s/libvirt", dir);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(fd, 1) == 0) {
		*way = open(address.sun_path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
		(void)unlink(address.sun_path);
		if (*way >= 0)
			return fd;
	}
	fault_errno(fault, EX_OSERR, errno, "%s", address.sun_path);
	fd_close(&fd);
	return -1;
}

/* The child. Mustn't: return. */
static A_NORETURN void carry(int listening, int said, const struct strv *command, pid_t parent)
{
	struct fault fault;
	sigset_t none;
	int fd = -1;

	/* signals of a terminal, or of whoever has signalled all below a process, are others' */
	setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
		fd = accept(listening, NULL, NULL);
	if (fd >= 0 && dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
	    dup2(said, STDERR_FILENO) >= 0) {
		closefrom(STDERR_FILENO + 1);
		(void)proc_exec(command, &fault);
	}
	_exit(EXIT_CANNOT_EXEC);
}

static int start_carrier(struct virtssh *s, int listening, const char *uri, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0}, command A_CLEANUP(strv_free) = {0};
	sigset_t all, before;
	pid_t self = getpid();

	s->said = proc_memory_file(fault);
	if (s->said < 0)
		return -1;
	strv_list(&words, "virt-ssh-helper", uri);
	sshlink_command(&s->link, &words, false, &command);
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	s->carrier.pid = fork();
	if (s->carrier.pid == 0)
		carry(listening, s->said, &command, self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (s->carrier.pid < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	s->carrier.ended = pidfd_open(s->carrier.pid, 0);
	return 0;
}

int virtssh_offer(struct virtssh *s, const char *uri, struct buf *into, struct fault *fault)
{
	const char *path = strstr(uri, "://");
	int listening A_CLEANUP(fd_close) = -1;

	virtssh_hang_up(s);
	if (s->linked && !sshlink_alive(&s->link))
		unlink_there(s);
	if (!s->linked) {
		s->linked = true;
		if (sshlink_open(&s->link, buf_str(&s->place),
			s->config.length ? buf_str(&s->config) : NULL, fault) < 0) {
			unlink_there(s);
			return -1;
		}
	}
	listening = make_socket(buf_str(&s->link.dir), &s->socket, fault);
	if (listening < 0 || start_carrier(s, listening, uri, fault) < 0) {
		virtssh_hang_up(s);
		return -1;
	}
	buf_printf(into, "%.*s+unix%s%csocket=/proc/self/fd/%d", (int)(path - uri), uri, path,
	    strchr(path, '?') ? '&' : '?', s->socket);
	return 0;
}

/* ---- when it fails ------------------------------------------------------------------------------
 */

static void read_said(const struct virtssh *s, struct buf *shown)
{
	struct buf text A_CLEANUP(buf_free) = {.max = 1 << 16}, line A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	if (lseek(s->said, 0, SEEK_SET) < 0 ||
	    fd_read_all(s->said, "what was said", &text, &ignored) < 0)
		return;
	buf_add(&line, buf_str(&text), strcspn(buf_str(&text), "\r\n"));
	printable_add(shown, buf_str(&line));
}

int virtssh_explain(struct virtssh *s, struct fault *fault)
{
	const int64_t until = clock_ms() + LAST_WORDS_MS;
	struct buf said A_CLEANUP(buf_free) = {0}, typed A_CLEANUP(buf_free) = {0};

	if (s->carrier.pid <= 0)
		return 0;
	while (!proc_has_ended(&s->carrier) && clock_ms() < until)
		(void)usleep(LOOK_MS * 1000);
	if (!sshlink_alive(&s->link))
		return fault_set(
		    fault, EX_UNAVAILABLE, "%s: the connection was lost", buf_str(&s->place));
	read_said(s, &said);
	if (!said.length)
		return 0;
	sshplace_typed(&s->link.at, &typed);
	fault_set(fault, strstr(buf_str(&said), "ermission denied") ? EX_NOPERM : EX_UNAVAILABLE,
	    "%s: libvirt there can't be reached: %.300s", buf_str(&s->place), buf_str(&said));
	return fault_hint(fault, "ssh %s virsh list", buf_str(&typed));
}
