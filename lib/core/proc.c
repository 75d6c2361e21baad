#include "core/proc.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int proc_fault(const char *name, int error, struct fault *fault)
{
	int status = error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC;

	if (error == ENOENT && !strchr(name, '/'))
		return fault_set(fault, status, "%s: command not found", name);
	return fault_errno(fault, status, error, "exec %s", name);
}

/* Where the command's program is. Not execvp's and posix_spawnp's search: these hand a file that
 * the kernel doesn't know to a shell. */
static int find_program(const struct strv *command, struct buf *path, struct fault *fault)
{
	if (!command->count)
		return fault_set(fault, EX_SOFTWARE, "a command without a word");
	return proc_locate(command->items[0], path, fault);
}

/* The same as seen from another directory, which PATH's relative ones aren't below. */
static int find_program_from(
    const char *dir, const struct strv *command, struct buf *path, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct buf found A_CLEANUP(buf_free) = {0};
	char absolute[PATH_MAX];

	if (fd < 0 || faccessat(fd, ".", X_OK, AT_EACCESS) < 0)
		return fault_errno(fault, 0, errno, "%s", dir);
	if (command->count && strchr(command->items[0], '/')) {
		buf_adds(path, command->items[0]);
		return 0;
	}
	if (find_program(command, &found, fault) < 0)
		return -1;
	if (!realpath(buf_str(&found), absolute))
		return proc_fault(command->items[0], errno, fault);
	buf_adds(path, *buf_str(&found) == '/' ? buf_str(&found) : absolute);
	return 0;
}

static void set_attributes(posix_spawnattr_t *attributes, bool detached)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD};
	short flags = POSIX_SPAWN_SETSIGMASK;
	sigset_t none, usual;

	sigemptyset(&none);
	sigemptyset(&usual);
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		sigaddset(&usual, ends[i]);
	if (detached)
		flags |= POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
	/* none of these can fail (glibc's posix_spawnattr_setflags knows the flags) */
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &usual);
	posix_spawnattr_setflags(attributes, flags);
}

static int spawn(
    const char *path, const struct strv *command, const struct proc_io *io, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error)
		goto free_actions;
	set_attributes(&attributes, io->detached);
	if (io->in < 0)
		error = posix_spawn_file_actions_addopen(
		    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		error = posix_spawn_file_actions_adddup2(&actions, io->in, STDIN_FILENO);
	if (!error && io->out >= 0)
		error = posix_spawn_file_actions_adddup2(&actions, io->out, STDOUT_FILENO);
	if (!error && io->err)
		error = posix_spawn_file_actions_adddup2(&actions, *io->err, STDERR_FILENO);
	if (!error && io->merge)
		error = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	/* a lock or a pipe that whoever called us has open is none of its for years */
	if (!error && io->detached)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!error && io->dir)
		error = posix_spawn_file_actions_addchdir_np(&actions, io->dir);
	if (!error)
		error =
		    posix_spawn(child, path, &actions, &attributes, strv_argv(command), environ);
	posix_spawnattr_destroy(&attributes);
free_actions:
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int start(
    const struct strv *command, const struct proc_io *io, pid_t *child, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	int error;

	if ((io->dir ? find_program_from(io->dir, command, &path, fault)
		     : find_program(command, &path, fault)) < 0)
		return -1;
	/* ignored by whoever started us, it would take the child's status away */
	signal(SIGCHLD, SIG_DFL);
	error = spawn(buf_str(&path), command, io, child);
	return error ? proc_fault(command->items[0], error, fault) : 0;
}

int proc_start(
    const struct strv *command, const struct proc_io *io, struct child *child, struct fault *fault)
{
	int ignored;

	if (start(command, io, &child->pid, fault) < 0)
		return -1;
	child->ended = pidfd_open(child->pid, 0);
	if (child->ended >= 0 || errno == ENOSYS)
		return 0;
	fault_errno(fault, 0, errno, "pidfd_open");
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &ignored, 0) < 0 && errno == EINTR)
		;
	return -1;
}

bool proc_has_ended(const struct child *child)
{
	siginfo_t info = {.si_pid = 0};

	/* it stays to be waited for */
	return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid;
}

bool proc_ended(const struct child *child, struct relay *relay, int milliseconds)
{
	struct pollfd polled[] = {
	    {.fd = child->ended, .events = POLLIN}, {.fd = relay->fd, .events = POLLIN}};
	int number;

	if (child->ended < 0 && (milliseconds < 0 || milliseconds > WITHOUT_PIDFD_MS))
		milliseconds = WITHOUT_PIDFD_MS;
	if (poll(polled, COUNT_OF(polled), milliseconds) > 0 && polled[1].revents &&
	    (number = relay_take(relay)))
		relay_pass(child->pid, number);
	return proc_has_ended(child);
}

int proc_wait(struct child *child, int *status, struct fault *fault)
{
	int wait_status;

	fd_close(&child->ended);
	while (waitpid(child->pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return fault_errno(fault, 0, errno, "wait for process %d", (int)child->pid);
	*status = WIFSIGNALED(wait_status) ? EXIT_SIGNALLED + WTERMSIG(wait_status)
					   : WEXITSTATUS(wait_status);
	return 0;
}

int proc_run(const struct strv *command, const struct proc_io *io, int *status, struct fault *fault)
{
	struct relay relay;
	struct child child;
	int result = -1;

	relay_start(&relay);
	if (proc_start(command, io, &child, fault) == 0) {
		while (!proc_ended(&child, &relay, -1))
			;
		result = proc_wait(&child, status, fault);
	}
	relay_stop(&relay, true);
	return result;
}

int proc_memory_file(struct fault *fault)
{
	int fd = memfd_create("mirari", MFD_CLOEXEC);

	if (fd < 0)
		return fault_errno(fault, 0, errno, "memfd_create");
	return fd;
}

int proc_memory_file_of(const struct buf *bytes, struct fault *fault)
{
	int fd = proc_memory_file(fault);

	if (fd < 0)
		return -1;
	if (fd_write(fd, buf_str(bytes), bytes->length) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		fault_errno(fault, 0, errno, "memory file");
		fd_close(&fd);
	}
	return fd;
}

int proc_capture(
    const struct strv *command, const char *dir, struct buf *out, int *status, struct fault *fault)
{
	int file A_CLEANUP(fd_close) = proc_memory_file(fault);
	struct proc_io io = {.in = -1, .out = file, .dir = dir};

	if (file < 0 || proc_run(command, &io, status, fault) < 0)
		return -1;
	if (lseek(file, 0, SEEK_SET) < 0)
		return fault_errno(fault, 0, errno, "lseek");
	return fd_read_all(file, command->items[0], out, fault);
}

int proc_exec(const struct strv *command, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	if (find_program(command, &path, fault) < 0)
		return -1;
	execv(buf_str(&path), strv_argv(command));
	return proc_fault(command->items[0], errno, fault);
}

/* 0 for a file that we may execute, else the errno that says why not. In a directory of PATH that
 * we may not look into, there is nothing for us. */
static int check_executable(const char *path, bool given)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return given ? errno : ENOENT;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return EACCES;
	return 0;
}

int proc_find(const char *name, struct buf *path)
{
	const char *next = getenv("PATH");
	int error = ENOENT;

	if (!next)
		next = "/bin:/usr/bin"; /* as the C library has it */
	while (*name) {
		struct buf candidate A_CLEANUP(buf_free) = {0};
		bool given = strchr(name, '/');
		size_t length = strcspn(next, ":");
		int problem;

		if (!given) {
			buf_add(&candidate, length ? next : ".", length ? length : 1);
			buf_addc(&candidate, '/');
		}
		buf_adds(&candidate, name);
		problem = check_executable(buf_str(&candidate), given);
		if (!problem) {
			buf_adds(path, buf_str(&candidate));
			return 0;
		}
		/* one that is there but can't be executed is told of, unless another can */
		if (given || problem == EACCES)
			error = problem;
		if (given || !next[length])
			break;
		next += length + 1;
	}
	errno = error;
	return -1;
}

int proc_locate(const char *name, struct buf *path, struct fault *fault)
{
	return proc_find(name, path) < 0 ? proc_fault(name, errno, fault) : 0;
}
