/* mirari console: what a detached unikernel prints as it comes, and its standard input. */
#include "core/fd.h"
#include "core/main.h"
#include "host/consoleclient.h"
#include "host/invoker.h"
#include "host/logof.h"
#include "host/logreader.h"
#include "host/logtail.h"
#include "host/typing.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { TAIL_DEFAULT = 10 };

struct options {
	bool raw;
	const char *tail;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[3];
	static struct usage u = {
	    .tool = "mirari-console",
	    .purpose = "look at a detached unikernel, and type to it",
	    .synopsis = "[OPTION]... NAME",
	    .examples = "  mirari console www            # ^] leaves; the unikernel goes on\n"
			"  mirari console --tail 0 www   # only what comes from now on\n"
			"  echo reload | mirari console --tail 0 www | grep -m 1 reloaded\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {0, "tail", "N", "first the last N lines of its log (default 10)", OPT_VALUE, &o->tail},
	    {0, "raw", NULL, "also on a terminal all bytes as they are", OPT_FLAG, &o->raw},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int parse(const struct options *o, uint64_t *tail, struct fault *fault)
{
	*tail = TAIL_DEFAULT;
	if (o->tail && logtail_parse(o->tail, tail, fault) < 0)
		return -1;
	return opt_one_name(&o->names, "mirari console NAME; mirari ps lists them", fault);
}

/* The socket, and the path of the log. */
static int open_console(
    const struct strv *names, struct buf *log, struct logplace *from, struct fault *fault)
{
	const char *name = names->items[0];
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	struct instance instance A_CLEANUP(instance_free) = {0};
	struct buf console A_CLEANUP(buf_free) = {0};
	int fd = -1;

	if (invoker_open_plain(&store, names, fault) < 0 ||
	    logof(&store, name, log, &instance, fault) < 0)
		return -1;
	if (!instance_is_live(instance.status)) {
		fault_set(fault, EXIT_NO, "%s: has ended (%s)", name,
		    instance.name ? instance_status_name(instance.status) : "and was removed");
	} else {
		buf_printf(&console, "%s.console", name);
		fd = console_connect(store.dir, buf_str(&console), from, fault);
	}
	return fd < 0 ? fault_hint(fault, "mirari logs %s", name) : fd;
}

static int show_log(const struct buf *path, const struct logplace *until, uint64_t tail, bool raw,
    struct fault *fault)
{
	const struct logreader reader = {
	    .path = buf_str(path), .tail = tail, .until = *until, .ended = -1};
	struct logshow show = {0};
	int result;

	if (!until->inode || !tail)
		return 0;
	logshow_to(&show, STDOUT_FILENO, STDOUT_FILENO, raw);
	result = logreader_run(&reader, &show, fault);
	if (result == 0)
		result = logshow_end(&show, fault);
	logshow_free(&show);
	/* what it prints is worth seeing without the log, too */
	return result < 0 && fault->status == EX_NOINPUT ? 0 : result;
}

static int look(const struct options *o, const char *name, uint64_t tail, struct console_ends *ends,
    struct fault *fault)
{
	struct buf log A_CLEANUP(buf_free) = {0};
	struct logplace from;
	/* first this: where it begins is where the log ends */
	int fd A_CLEANUP(fd_close) = open_console(&o->names, &log, &from, fault);
	int result = -1;

	if (fd < 0)
		return -1;
	/* and this, so that ^] works as soon as we say so */
	ends->terminal = typing_start(ends->in);
	if (ends->terminal)
		say_note("the console of %s; ^] leaves", name);
	if (show_log(&log, &from, tail, o->raw, fault) == 0)
		result = console_attach(fd, ends, fault);
	if (ends->terminal)
		typing_stop();
	return result;
}

static int console(const struct options *o, uint64_t tail, struct fault *fault)
{
	struct console_ends ends = {
	    .in = STDIN_FILENO, .out = STDOUT_FILENO, .screen = !o->raw && isatty(STDOUT_FILENO)};
	const char *name = o->names.items[0];

	if (look(o, name, tail, &ends, fault) < 0)
		return -1;
	/* what was typed stands there yet */
	if (ends.left && isatty(STDOUT_FILENO) && fd_write(STDOUT_FILENO, "\n", 1) < 0)
		return fault_errno(fault, EX_IOERR, errno, "write standard output");
	if (ends.left)
		say_note("left; %s goes on", name);
	else if (ends.terminal)
		say_note("%s has ended", name);
	return 0;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.raw = false};
	struct fault fault;
	uint64_t tail;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0 && parse(&o, &tail, &fault) == 0) {
		signal(SIGPIPE, SIG_IGN); /* who has read enough is no failure */
		if (console(&o, tail, &fault) == 0)
			status = EX_OK;
	}
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
