/* mirari rm: forgets detached unikernels that have ended, and their logs. */
#include "core/main.h"
#include "host/instanceend.h"
#include "host/invoker.h"

#include <string.h>

struct options {
	bool all;
	bool force;
	bool keep_logs;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[4];
	static struct usage u = {
	    .tool = "mirari-rm",
	    .purpose = "forget detached unikernels that have ended, and their logs",
	    .synopsis = "[OPTION]... NAME...",
	    .examples = "  mirari rm www\n"
			"  mirari rm --force www      # stop it first, at once\n"
			"  mirari rm --all            # all that have ended\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'f', "force", NULL, "also one that runs: it is killed", OPT_FLAG, &o->force},
	    {'a', "all", NULL, "every one that has ended", OPT_FLAG, &o->all},
	    {0, "keep-logs", NULL, "leave the logs", OPT_FLAG, &o->keep_logs},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_words(const struct options *o, struct fault *fault)
{
	return opt_some_names(
	    &o->names, o->all, "mirari rm NAME, or --all; mirari ps --all lists them", fault);
}

/* Of all, those that may go: not what runs, nor what nobody can read. */
static int choose(const struct instances *store, struct strv *into, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};
	int status = EX_OK;

	if (instance_names(store, &all, fault) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		struct instance one A_CLEANUP(instance_free) = {0};
		int got = instance_read(store, all.items[i], &one, fault);

		if (got < 0)
			status = say_fault(fault);
		else if (got && !instance_is_live(one.status) && !procid_is_alive(one.process))
			strv_add(into, all.items[i]);
	}
	return status;
}

/* What can't be read can't be stopped either, but goes. */
static int stop(const struct instances *store, const struct strv *names)
{
	struct stoppings stopped A_CLEANUP(stoppings_free) = {0};
	int status = EX_OK;

	instances_stop(store, names, 0, &stopped);
	for (size_t i = 0; i < stopped.count; i++) {
		const struct stopping *one = &stopped.each[i];

		if (one->result == STOP_FAILED && one->fault.status != EX_DATAERR &&
		    one->fault.status != EXIT_NO)
			status = say_fault(&one->fault);
	}
	return status;
}

static int remove_here(const struct options *o, const struct instances *store, struct fault *fault)
{
	struct strv names A_CLEANUP(strv_free) = {0};
	int status = EX_OK;

	strv_add_all(&names, &o->names);
	if (o->all)
		status =
		    o->force ? instance_names(store, &names, fault) : choose(store, &names, fault);
	if (status < 0)
		return -1;
	if (o->force)
		status = stop(store, &names);
	for (size_t i = 0; i < names.count; i++) {
		if (instance_remove(store, names.items[i], o->keep_logs, fault) == 0)
			continue;
		/* as with rm -f, and of all that were listed another may have removed one */
		if (fault->status != EXIT_NO || !(o->force || o->all))
			status = say_fault(fault);
	}
	return status;
}

static int remove_all(const struct options *o, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	int status = EX_OK, next;

	if (invoker_open_plain(&store, &o->names, fault) < 0)
		return -1;
	do {
		int one = remove_here(o, &store, fault);

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
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0 && check_words(&o, &fault) == 0)
		status = remove_all(&o, &fault);
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
