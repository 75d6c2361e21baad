#include "host/jobserver.h"

#include "core/buf.h"
#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = -1 }; /* the job that needs no byte */

void jobserver_close(struct jobserver *j)
{
	fd_close(&j->take);
	if (j->read >= 0)
		fd_close(&j->give);
	fd_close(&j->read);
	*j = (struct jobserver){.take = -1, .give = -1, .read = -1};
}

/* A second open file of the same pipe: to make the first one non-blocking would make it so for all
 * programs that share it. */
static int open_again(int fd)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "/proc/self/fd/%d", fd);
	return open(buf_str(&path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* The last word of MAKEFLAGS that begins so. Behind -- there are variables. */
static const char *last_flag(const char *beginning)
{
	const char *flags = getenv("MAKEFLAGS"), *found = NULL;

	for (const char *word = flags; word && *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		if (!strncmp(word, "-- ", 3))
			break;
		if (!strncmp(word, beginning, strlen(beginning)))
			found = word;
	}
	return found;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* The jobserver of a make that has started us. Its recipe must be marked with +, else make closes
 * the descriptors. */
static bool join(struct jobserver *j)
{
	const char *option = last_flag("--jobserver-auth=");
	int in, out;

	if (!option)
		return false;
	option = strchr(option, '=') + 1;
	if (!strncmp(option, "fifo:", 5)) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_add(&path, option + 5, strcspn(option + 5, " "));
		j->take = open(buf_str(&path), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		j->give = is_pipe(j->take) ? open(buf_str(&path), O_WRONLY | O_CLOEXEC) : -1;
		return j->give >= 0;
	}
	/* NOLINTNEXTLINE(cert-err34-c): checked by what comes next */
	if (sscanf(option, "%d,%d", &in, &out) != 2 || !is_pipe(in) || !is_pipe(out))
		return false;
	j->take = open_again(in);
	j->give = out;
	return j->take >= 0;
}

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

int jobserver_open(struct jobserver *j, unsigned jobs, struct fault *fault)
{
	struct buf flags A_CLEANUP(buf_free) = {0};
	int ends[2];

	*j = (struct jobserver){.take = -1, .give = -1, .read = -1, .free = true};
	if (!jobs && join(j))
		return 0;
	fd_close(&j->take);
	j->give = -1;
	jobs = jobs ? jobs : processors();
	/* not close-on-exec: the programs below are to have them */
	if (pipe(ends) < 0) /* NOLINT(android-cloexec-pipe) */
		return fault_errno(fault, 0, errno, "pipe");
	j->read = ends[0];
	j->give = ends[1];
	j->take = open_again(ends[0]);
	if (j->take < 0)
		return fault_errno(fault, 0, errno, "open the jobserver");
	for (unsigned i = 1; i < jobs; i++)
		jobserver_give(j, '+');
	buf_printf(&flags, " -j%u --jobserver-auth=%d,%d", jobs, ends[0], ends[1]);
	if (setenv("MAKEFLAGS", buf_str(&flags), 1) < 0 || setenv("MAKELEVEL", "1", 1) < 0)
		return fault_errno(fault, EX_OSERR, errno, "setenv");
	return 0;
}

bool jobserver_above(void)
{
	const char *level = getenv("MAKELEVEL");

	return level && *level && strcmp(level, "0") &&
	       (last_flag("-j") || last_flag("--jobserver"));
}

bool jobserver_take(struct jobserver *j, int *token)
{
	unsigned char byte;

	if (j->free) {
		j->free = false;
		*token = FIRST;
		return true;
	}
	if (read(j->take, &byte, 1) != 1)
		return false;
	*token = byte;
	return true;
}

void jobserver_give(struct jobserver *j, int token)
{
	unsigned char byte = (unsigned char)token;

	if (token == FIRST)
		j->free = true;
	else
		(void)!write(j->give, &byte, 1); /* there is room: the byte came from there */
}
