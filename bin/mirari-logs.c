/* mirari logs: what a detached unikernel has printed, and what it prints. */
#include "core/clock.h"
#include "core/fd.h"
#include "core/main.h"
#include "core/num.h"
#include "host/invoker.h"
#include "host/logof.h"
#include "host/logreader.h"
#include "host/logtail.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

struct options {
	bool follow, times, raw;
	const char *since, *tail;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[6];
	static struct usage u = {
	    .tool = "mirari-logs",
	    .purpose = "show what a detached unikernel has printed",
	    .synopsis = "[OPTION]... NAME",
	    .examples = "  mirari logs www\n"
			"  mirari logs -f --tail 20 www     # and what comes, until it ends\n"
			"  mirari logs -t --since 10m www   # with times, of the last ten minutes\n"
			"  mirari logs --since 2026-11-25T12:30:00Z www\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'f', "follow", NULL, "go on with what it prints, until it ends", OPT_FLAG, &o->follow},
	    {0, "since", "TIME", "only from then on: 10m, 2h, 1d ago, or RFC 3339", OPT_VALUE,
		&o->since},
	    {0, "tail", "N", "only the last N lines", OPT_VALUE, &o->tail},
	    {'t', "times", NULL, "put the time in front of each line, UTC", OPT_FLAG, &o->times},
	    {0, "raw", NULL, "also on a terminal all bytes as they are", OPT_FLAG, &o->raw},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

/* Whole numbers with a unit each, such as 90s or 1h30m, in milliseconds. */
static bool parse_duration(const char *text, int64_t *milliseconds)
{
	static const char units[] = "smhd";
	static const int64_t lengths[] = {1000, 60000, 3600000, 86400000};
	const uint64_t most = 100ULL * 366 * 86400; /* of any unit: the sum can't overflow */

	*milliseconds = 0;
	do {
		size_t length = strspn(text, "0123456789");
		const char *unit = text[length] ? strchr(units, text[length]) : NULL;
		uint64_t number;

		if (!unit || num_parse_bytes(text, length, 0, most, &number) != NUM_OK ||
		    *milliseconds > INT64_MAX / 2)
			return false;
		*milliseconds += (int64_t)number * lengths[unit - units];
		text += length + 1;
	} while (*text);
	return true;
}

static int parse_since(const char *text, int64_t *since, struct fault *fault)
{
	struct buf midnight A_CLEANUP(buf_free) = {0};
	int64_t ago;

	if (parse_duration(text, &ago)) {
		*since = clock_now() - ago;
	} else if (!clock_parse(text, since)) {
		buf_printf(&midnight, "%sT00:00:00Z", text);
		if (!clock_parse(buf_str(&midnight), since)) {
			fault_set(fault, EX_USAGE,
			    "--since=%s: expected a time such as 10m (ago), 2026-11-25 or "
			    "2026-11-25T12:30:00Z",
			    text);
			return -1;
		}
	}
	*since = *since > 0 ? *since : 1; /* 0 would be: no such time */
	return 0;
}

static int parse(
    const struct options *o, struct logreader *r, struct logshow *show, struct fault *fault)
{
	r->tail = UINT64_MAX;
	if (o->tail && logtail_parse(o->tail, &r->tail, fault) < 0)
		return -1;
	if (o->since && parse_since(o->since, &show->since, fault) < 0)
		return -1;
	return opt_one_name(&o->names, "mirari logs NAME; mirari ps lists them", fault);
}

struct instance_name {
	const struct instances *store;
	const char *name;
};

static bool is_live(void *data)
{
	const struct instance_name *of = data;
	struct instance now A_CLEANUP(instance_free) = {0};
	struct fault ignored;

	return instance_read(of->store, of->name, &now, &ignored) > 0 &&
	       instance_is_live(now.status);
}

static int show_log(
    const struct options *o, struct logreader *r, struct logshow *show, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	struct instance instance A_CLEANUP(instance_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	struct instance_name of = {&store, o->names.items[0]};
	int ended A_CLEANUP(fd_close) = -1;

	if (invoker_open_plain(&store, &o->names, fault) < 0 ||
	    logof(&store, of.name, &path, &instance, fault) < 0)
		return -1;
	ended = o->follow ? procid_open(instance.supervisor) : -1;
	r->path = buf_str(&path);
	r->follow = o->follow;
	r->alive = is_live;
	r->data = &of;
	r->ended = ended;
	if (logreader_run(r, show, fault) < 0)
		return -1;
	return logshow_end(show, fault);
}

int tool_main(int argc, char **argv)
{
	struct options o = {.follow = false};
	struct logreader reader = {0};
	struct logshow show = {0};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0 && parse(&o, &reader, &show, &fault) == 0) {
		signal(SIGPIPE, SIG_IGN); /* who has read enough is no failure */
		logshow_to(&show, STDOUT_FILENO, STDERR_FILENO, o.raw);
		show.times = o.times;
		if (show_log(&o, &reader, &show, &fault) == 0)
			status = EX_OK;
		logshow_free(&show);
	}
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
