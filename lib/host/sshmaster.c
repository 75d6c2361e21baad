#include "host/sshmaster.h"

#include "core/fd.h"
#include "host/sshdir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What we get when the process that we work for has ended, or wants it to be over. */
enum { OVER = SIGUSR1 };

static int set_up(pid_t parent, int errors, sigset_t *awaited)
{
	static const int unheard[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	int null = open("/dev/null", O_RDWR);

	setsid();
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(awaited);
	sigaddset(awaited, OVER);
	sigaddset(awaited, SIGCHLD);
	sigprocmask(SIG_SETMASK, awaited, NULL);
	for (size_t i = 0; i < COUNT_OF(unheard); i++)
		signal(unheard[i], SIG_IGN);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0 || prctl(PR_SET_PDEATHSIG, OVER) < 0)
		return -1;
	/* pipes of our parent's have to end with it */
	closefrom(STDERR_FILENO + 1);
	/* whoever ended before that would be missed */
	return getppid() == parent ? 0 : -1;
}

/* The child of the child. Mustn't: return. */
static A_NORETURN void become_ssh(const struct strv *command, pid_t parent)
{
	struct fault fault;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
		(void)proc_exec(command, &fault);
	_exit(EXIT_CANNOT_EXEC);
}

/* The child. Should: outlive our parent for as long as it takes to end ssh. Mustn't: return. */
static A_NORETURN void keep(const struct strv *command, const char *dir, int errors, pid_t parent)
{
	int status = EXIT_CANNOT_EXEC << 8, number;
	pid_t self = getpid(), ssh = -1;
	sigset_t awaited;

	if (set_up(parent, errors, &awaited) == 0) {
		ssh = fork();
		if (ssh == 0)
			become_ssh(command, self);
	}
	/* it is told when ssh is stopped, too */
	while (ssh > 0 && waitpid(ssh, &status, WNOHANG) == 0)
		if (sigwait(&awaited, &number) == 0 && number == OVER)
			kill(ssh, SIGKILL);
	sshdir_remove(dir);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNALLED + WTERMSIG(status));
}

int sshmaster_start(const struct strv *command, const char *dir, int errors, struct child *keeper,
    struct fault *fault)
{
	pid_t self = getpid();
	sigset_t all, before;

	/* ignored by whoever started us, it would take the child's status away */
	signal(SIGCHLD, SIG_DFL);
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	keeper->pid = fork();
	if (keeper->pid == 0)
		keep(command, dir, errors, self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (keeper->pid < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	keeper->ended = pidfd_open(keeper->pid, 0);
	return 0;
}

void sshmaster_end(struct child *keeper)
{
	struct fault ignored;
	int status;

	if (keeper->pid <= 0)
		return;
	kill(keeper->pid, OVER);
	/* there is nothing to be done about one that can't be waited for */
	(void)!proc_wait(keeper, &status, &ignored);
	keeper->pid = 0;
}
