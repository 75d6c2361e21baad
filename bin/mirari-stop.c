/* mirari stop: ends detached unikernels, gently and then not. */
#include "core/main.h"
#include "host/instanceend.h"
#include "host/invoker.h"

#include <string.h>

struct options {
	bool all;
	bool quiet;
	const char *timeout;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[4];
	static struct usage u = {
	    .tool = "mirari-stop",
	    .purpose = "stop detached unikernels",
	    .synopsis = "[OPTION]... NAME...",
	    .examples = "  mirari stop www\n"
			"  mirari stop --timeout 60 www db   # both at once\n"
			"  mirari stop --all\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'a', "all", NULL, "every one that runs", OPT_FLAG, &o->all},
	    {0, "timeout", "SECONDS", "until it is killed (default 10)", OPT_VALUE, &o->timeout},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_words(const struct options *o, struct fault *fault)
{
	return opt_some_names(
	    &o->names, o->all, "mirari stop NAME, or --all; mirari ps lists them", fault);
}

/* What there is to say of one; its exit status. */
static int tell(const struct options *o, const struct stopping *st)
{
	if (st->result == STOP_FAILED)
		return say_fault(&st->fault);
	if (o->quiet)
		return EX_OK;
	if (st->result == STOP_ENDED_BEFORE && !o->all)
		say_note("%s: had ended before (%s)", st->name, instance_status_name(st->status));
	else if (st->result == STOP_KILLED)
		say_note("%s: was killed, as it didn't end by itself", st->name);
	return EX_OK;
}

static int stop_here(
    const struct options *o, const struct instances *store, int64_t timeout, struct fault *fault)
{
	struct stoppings stopped A_CLEANUP(stoppings_free) = {0};
	struct strv names A_CLEANUP(strv_free) = {0};
	int status = EX_OK;

	strv_add_all(&names, &o->names);
	if (o->all && instance_names(store, &names, fault) < 0)
		return -1;
	instances_stop(store, &names, timeout, &stopped);
	for (size_t i = 0; i < stopped.count; i++) {
		int one = tell(o, &stopped.each[i]);

		status = one ? one : status;
	}
	return status;
}

static int stop(const struct options *o, int64_t timeout, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	int status = EX_OK, next;

	if (invoker_open_plain(&store, &o->names, fault) < 0)
		return -1;
	do {
		int one = stop_here(o, &store, timeout, fault);

		if (one < 0)
			return -1;
		status = one ? one : status;
		next = o->all ? invoker_next(&store, fault) : 0;
	} while (next > 0);
	return next < 0 ? -1 : status;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.all = false};
	int64_t timeout;
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0 && check_words(&o, &fault) == 0 &&
	    opt_timeout(o.timeout, STOP_DEFAULT_S, &timeout, &fault) == 0)
		status = stop(&o, timeout, &fault);
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
