/* mirari run: build what has changed, then become the unikernel, or start it for good. */
#include "core/main.h"
#include "core/self.h"
#include "host/running.h"
#include "host/runservice.h"

#include <string.h>

static const struct usage *usage(struct running *r)
{
	struct verb *v = &r->verb;
	static struct opt table[25];
	static struct usage u = {
	    .tool = "mirari-run",
	    .purpose = "run a unikernel: the project's, built first, or a file",
	    .synopsis = "[OPTION]... [FILE] [-- ARG...]",
	    .examples = "  mirari run www.yml -- --verbose    # arguments for the unikernel\n"
			"  mirari run hello.hvt -- --hello=world\n"
			"  mirari run -d -p 8080:80 --restart=on-failure www.spt; mirari ps\n"
			"  mirari run --systemd www.spt >www.service\n"
			"  mirari run -n                      # the command that it becomes\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
	    {'d', "detach", NULL, "let it go on without us; print its record", OPT_FLAG,
		&r->detach},
	    {0, "on", "PLACE", "where: ssh://[USER@]HOST[:PORT]", OPT_VALUE, &r->place},
	    {0, "name", "NAME", "call it so (default: the unikernel's name)", OPT_VALUE, &r->name},
	    {0, "restart", "WHEN", "-d: no, on-failure[:N] or always (default no)", OPT_VALUE,
		&r->restart},
	    {'p', "publish", "HOST:GUEST", "lead a port to the unikernel (repeatable)", OPT_LIST,
		&r->published},
	    {0, "rootless", NULL, "in a network of its own, without root", OPT_FLAG, &r->rootless},
	    {'m', "memory", "MIB", "its memory", OPT_VALUE, &r->memory},
	    {0, "cpus", "N", "-d: how much of the processors, as 0.5", OPT_VALUE, &r->cpus},
	    {0, "cpuset", "LIST", "-d: which processors, as 0-1,3", OPT_VALUE, &r->cpuset},
	    {0, "log-size", "SIZE", "-d: bytes of a log file", OPT_VALUE, &r->log_size},
	    {0, "log-files", "N", "-d: how many of them", OPT_VALUE, &r->log_files},
	    {0, "systemd", NULL, "print a unit for systemd instead", OPT_FLAG, &r->systemd},
	    {0, "tender", "PATH", "the Solo5 tender, or QEMU", OPT_VALUE, &r->tender},
	    {0, "no-build", NULL, "run what is there", OPT_FLAG, &r->no_build},
	    {'q', "quiet", NULL, "no warnings", OPT_FLAG, &v->quiet},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.behind = &r->arguments;
	return &u;
}

static int run(struct running *r, struct fault *fault)
{
	struct rec answer A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	int status;

	if (self_first_in_path(fault) < 0)
		return -1;
	status = running_find(r, fault);
	if (status)
		return status;
	if (!r->verb.dry_run && (status = running_prepare(r, fault)) != EX_OK)
		return status;
	if (r->systemd || r->verb.dry_run) {
		status = r->systemd ? runservice(r, &text, fault) : running_show(r, &text, fault);
		if (status == EX_OK)
			put_bytes(&text);
		return status;
	}
	status = running_start(r, &answer, fault);
	return status ? status : put_record(&answer, NULL);
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct running r = {.rootless = false};
	struct fault fault;
	int status = tool_options(usage(&r), argc, argv, &operands);

	if (status < 0 && operands.count > 1) {
		fault_set(&fault, EX_USAGE, "one file at most, not also %s", operands.items[1]);
		fault_hint(&fault, "words for the unikernel go behind --: mirari run %s -- %s",
		    operands.items[0], operands.items[1]);
		status = say_fault(&fault);
	}
	if (status < 0)
		status = tool_one_file(&operands, &r.verb.file);
	if (status < 0) {
		status = run(&r, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	running_free(&r);
	return status;
}
