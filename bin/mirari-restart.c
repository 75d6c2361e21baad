/* mirari restart: stops detached unikernels and starts them again as they were started. */
#include "core/main.h"
#include "core/self.h"
#include "host/instanceend.h"
#include "host/invoker.h"
#include "host/launch.h"

#include <string.h>
#include <unistd.h>

struct options {
	const char *timeout;
	bool quiet;
	struct strv names;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[3];
	static struct usage u = {
	    .tool = "mirari-restart",
	    .purpose = "stop detached unikernels and start them again",
	    .synopsis = "[OPTION]... NAME...",
	    .examples = "  mirari restart www\n"
			"  mirari restart --timeout 60 www db\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {0, "timeout", "SECONDS", "until it is killed (default 10)", OPT_VALUE, &o->timeout},
	    {'q', "quiet", NULL, "no notes", OPT_FLAG, &o->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

/* How it is started; before anything is stopped. */
static int find(const struct instances *store, const char *name, struct instance *into,
    struct strv *command, struct fault *fault)
{
	if (instance_find(store, name, into, fault) < 0)
		return -1;
	rec_get_all(&into->record, "instance.command", command);
	if (!command->count || !rec_get(&into->record, "instance.dir")) {
		fault_set(fault, EX_DATAERR, "%s: how it was started isn't written down", name);
		return fault_hint(fault, "what mirari run --detach starts can be started again");
	}
	return 0;
}

/* What root starts of somebody else's is mirari-tap, which becomes that user: no command that he
 * could have written down himself. */
static int check_invokers(const char *name, const struct strv *command, struct fault *fault)
{
	if (!strcmp(command->items[0], "mirari-tap"))
		return 0;
	fault_set(fault, EX_USAGE, "%s: is yours, and was started without root", name);
	return fault_hint(fault, "mirari restart %s, without sudo", name);
}

static int check(
    const struct options *o, const struct instances *store, bool invokers, struct fault *fault)
{
	static const char hint[] = "mirari restart NAME; mirari ps lists them";

	if (opt_some_names(&o->names, false, hint, fault) < 0)
		return -1;
	for (size_t i = 0; i < o->names.count; i++) {
		struct strv command A_CLEANUP(strv_free) = {0};
		struct instance instance A_CLEANUP(instance_free) = {0};

		if (find(store, o->names.items[i], &instance, &command, fault) < 0 ||
		    (invokers && check_invokers(instance.name, &command, fault) < 0))
			return -1;
	}
	return 0;
}

/* Its exit status; -1 with a fault. */
static int start(const struct instances *store, const char *name, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct instance instance A_CLEANUP(instance_free) = {0};
	struct rec answer A_CLEANUP(rec_free) = {0};
	int status;

	if (find(store, name, &instance, &command, fault) < 0 ||
	    launch_detached(&command, rec_get(&instance.record, "instance.dir"), &instance.record,
		&answer, &status, fault) < 0)
		return -1;
	if (status) {
		say_note("%s: didn't start, and ended with status %d", name, status);
		if (status == EX_NOPERM && geteuid() != 0)
			say_note("if it was root who started it: sudo mirari restart %s", name);
		return status;
	}
	return put_record(&answer, NULL);
}

static int restart_one(const struct options *o, const struct instances *store,
    const struct stopping *stopped, struct fault *fault)
{
	if (stopped->result == STOP_FAILED) {
		*fault = stopped->fault;
		return -1;
	}
	if (stopped->result == STOP_KILLED && !o->quiet)
		say_note("%s: was killed, as it didn't end by itself", stopped->name);
	return start(store, stopped->name, fault);
}

/* Is the name one of those before it? */
static bool is_among(const struct strv *names, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(names->items[i], names->items[index]))
			return true;
	return false;
}

static int restart(const struct options *o, struct fault *fault)
{
	struct instances store A_CLEANUP(instances_close) = {.dir = -1};
	struct stoppings stopped A_CLEANUP(stoppings_free) = {0};
	struct invoker who;
	bool invokers;
	int64_t timeout;
	int status = EX_OK;

	if (opt_timeout(o->timeout, STOP_DEFAULT_S, &timeout, fault) < 0 ||
	    invoker_find(&who, fault) < 0 ||
	    invoker_open(&store, &who, &o->names, &invokers, fault) < 0 ||
	    check(o, &store, invokers, fault) < 0 || self_first_in_path(fault) < 0)
		return -1;
	instances_stop(&store, &o->names, timeout, &stopped);
	/* taps are made by root, also for another user */
	if (invokers && invoker_leave(&who, fault) < 0)
		return -1;
	/* one that doesn't start keeps no other from doing so */
	for (size_t i = 0; i < stopped.count; i++) {
		int one;

		/* one that is named twice was stopped once */
		if (is_among(&o->names, i))
			continue;
		one = restart_one(o, &store, &stopped.each[i], fault);

		if (one < 0)
			one = say_fault(fault);
		status = one ? one : status;
	}
	return status;
}

int tool_main(int argc, char **argv)
{
	struct options o = {.quiet = false};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &o.names);

	if (status < 0)
		status = restart(&o, &fault);
	strv_free(&o.names);
	return status < 0 ? say_fault(&fault) : status;
}
