/* mirari-supervise: the parent of a detached unikernel: its name, log and console, and restarts. */
#include "core/fd.h"
#include "core/main.h"
#include "core/num.h"
#include "host/instance.h"
#include "host/instancelog.h"
#include "host/supervise.h"
#include "model/check.h"
#include "model/limits.h"
#include "model/restart.h"
#include "model/size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_FILES_MAX = 1000 };

struct options {
	const char *name, *restart, *log_size, *log_files, *memory_max, *cpus, *cpuset;
	struct strv set;
	bool record;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[12];
	static struct usage u = {
	    .tool = "mirari-supervise",
	    .purpose = "run a program as an instance: log, console, restarts",
	    .synopsis = "--name=NAME [OPTION]... -- COMMAND [ARG]...",
	    .examples = "  mirari-supervise --name www -- ./mir-www &\n"
			"  mirari-supervise --name www --restart on-failure:5 -- ./mir-www &\n"
			"  mirari-supervise --name www --memory-max 64M --cpus 0.5 -- ./mir-www &\n"
			"  mirari logs www; mirari stop www\n",
	    .options = table,
	    .command = true,
	};
	const struct opt options[] = {
	    {0, "name", "NAME", "what the instance is called", OPT_VALUE, &o->name},
	    {0, "restart", "POLICY", "no (default), on-failure[:N], always", OPT_VALUE,
		&o->restart},
	    {0, "log-size", "SIZE", "of a file of the log (default 10M; 0: no limit)", OPT_VALUE,
		&o->log_size},
	    {0, "log-files", "N", "how many of them are kept (default 5)", OPT_VALUE,
		&o->log_files},
	    {0, "memory-max", "SIZE", "memory that it may use, such as 64M", OPT_VALUE,
		&o->memory_max},
	    {0, "cpuset", "LIST", "processors that it may run on: 0-3,8", OPT_VALUE, &o->cpuset},
	    {0, "cpus", "N", "how many of them it may use, such as 0.5", OPT_VALUE, &o->cpus},
	    {'r', "record", NULL, "read a record: what else is to be known of it", OPT_FLAG,
		&o->record},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int expected(const char *option, const char *got, const char *what, struct fault *fault)
{
	return fault_set(fault, EX_USAGE, "--%s=%s: expected %s", option, got, what);
}

static int parse_log(const struct options *o, struct supervise *s, struct fault *fault)
{
	uint64_t files = LOG_FILES_DEFAULT;

	s->log_size = LOG_SIZE_DEFAULT;
	if (o->log_size && !strcmp(o->log_size, "0"))
		s->log_size = 0;
	else if (o->log_size && !size_parse(o->log_size, &s->log_size))
		return expected("log-size", o->log_size,
		    "a size in bytes such as 64M (K, M, G or T), or 0", fault);
	if (o->log_files && num_parse(o->log_files, 1, LOG_FILES_MAX, &files) != NUM_OK)
		return expected("log-files", o->log_files, "a whole number from 1 to 1000", fault);
	s->log_files = (unsigned)files;
	return 0;
}

static int parse_limits(const struct options *o, struct limits *l, struct fault *fault)
{
	if (o->memory_max && !size_parse(o->memory_max, &l->memory))
		return expected("memory-max", o->memory_max,
		    "a size in bytes such as 64M (K, M, G or T)", fault);
	if (o->cpus && !limits_cpus(o->cpus, &l->cpus))
		return expected("cpus", o->cpus,
		    "a number of processors such as 2 or 0.5, at least 0.01", fault);
	if (o->cpuset && !limits_cpuset(o->cpuset, &l->processors))
		return expected("cpuset", o->cpuset, "a list of processors such as 0-3,8", fault);
	l->cpuset = o->cpuset;
	return 0;
}

/* ---- the record ---------------------------------------------------------------------------------
 */

static int add_dir(struct rec *record, struct fault *fault)
{
	char *dir = rec_get(record, "instance.dir") ? NULL : get_current_dir_name();
	int result = 0;

	/* one that isn't there, or that a record can't carry, is none to go back to */
	if (dir && !rec_value_problem(dir))
		result = rec_add(record, "instance.dir", dir, fault);
	free(dir);
	return result;
}

/* How it is started again by mirari-restart: as it was now. A command that a record can't carry is
 * left out. */
static int add_command(struct rec *record, int argc, char **argv, struct fault *fault)
{
	if (rec_get(record, "instance.command"))
		return 0;
	for (int i = 0; i < argc; i++)
		if (rec_value_problem(argv[i]))
			return 0;
	for (int i = 0; i < argc; i++)
		if (rec_add(record, "instance.command", argv[i], fault) < 0)
			return -1;
	return 0;
}

static int make_record(
    const struct options *o, int argc, char **argv, struct rec *record, struct fault *fault)
{
	if ((o->record && rec_read_stdin(record, fault) < 0) ||
	    rec_apply(record, &o->set, fault) < 0)
		return -1;
	if (o->name) {
		if (instance_check_name(o->name, fault) < 0 ||
		    instance_set(record, "instance.name", o->name, fault) < 0)
			return -1;
	}
	if (!rec_get(record, "instance.name")) {
		fault_set(fault, EX_USAGE, "no name");
		return fault_hint(fault, "mirari-supervise --name NAME -- COMMAND");
	}
	if (check_record(record, fault) < 0)
		return -1;
	return add_dir(record, fault) < 0 ? -1 : add_command(record, argc, argv, fault);
}

/* ---- running ------------------------------------------------------------------------------------
 */

/* Says that it runs, and lets go of who has started us. */
static int started(const struct rec *record, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	int null A_CLEANUP(fd_close) = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return fault_errno(fault, EX_OSERR, errno, "/dev/null");
	rec_write(record, &text);
	if (fd_write(STDOUT_FILENO, buf_str(&text), text.length) < 0)
		return fault_errno(fault, EX_IOERR, errno, "write standard output");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return fault_errno(fault, EX_OSERR, errno, "/dev/null");
	return 0;
}

static int supervise(const struct options *o, int argc, char **argv, const struct strv *command)
{
	struct supervise s = {.command = command, .started = started};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct fault fault;
	int status;

	if (!command->count) {
		fault_set(&fault, EX_USAGE, "no command");
		fault_hint(&fault, "mirari-supervise --name NAME -- COMMAND");
		return say_fault(&fault);
	}
	if (o->restart && !restart_parse(o->restart, &s.restart)) {
		expected("restart", o->restart, RESTART_EXPECTED, &fault);
		return say_fault(&fault);
	}
	if (parse_log(o, &s, &fault) < 0 || parse_limits(o, &s.limits, &fault) < 0 ||
	    make_record(o, argc, argv, &record, &fault) < 0)
		return say_fault(&fault);
	s.record = &record;
	return supervise_run(&s, &status, &fault) < 0 ? say_fault(&fault) : status;
}

int tool_main(int argc, char **argv)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	int status = tool_options(usage(&o), argc, argv, &command);

	if (status < 0)
		status = supervise(&o, argc, argv, &command);
	strv_free(&o.set);
	return status;
}
