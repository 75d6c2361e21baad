#include "host/rundomain.h"

#include "render/domaincommand.h"

#include <string.h>

static int check_options(const struct running *r, const char *tool, struct fault *fault)
{
	const char *given = r->rootless ? "rootless"
			    : r->tender ? "tender"
			    : r->cpus   ? "cpus"
			    : r->cpuset ? "cpuset"
					: NULL;

	if (given) {
		fault_set(
		    fault, EX_USAGE, "--%s is for what runs as a process of this machine", given);
		return r->cpus || r->cpuset
			   ? fault_hint(fault, "--set cpus=N for its number of processors")
			   : -1;
	}
	if (!r->systemd)
		return 0;
	fault_set(fault, EX_USAGE, "--systemd is for what runs as a process of this machine");
	return strcmp(tool, "mirari-xl")
		   ? -1
		   : fault_hint(fault,
			 "xendomains(8) starts domains with the machine: mirari-parse -t "
			 "xen | mirari-xl config -o /etc/xen/auto/%s.cfg",
			 rec_get(&r->verb.record, "name"));
}

int rundomain_check(const struct running *r, struct fault *fault)
{
	const struct rec *record = &r->verb.record;
	const char *place = rec_get(record, "deploy"), *tool = domaincommand_tool(record);

	if (place && !strcmp(place, "ec2"))
		return fault_set(
		    fault, EX_UNAVAILABLE, "deployed ec2: there is no tool for that here");
	if (!tool)
		return 0;
	return check_options(r, tool, fault);
}
