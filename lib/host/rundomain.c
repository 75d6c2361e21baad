#include "host/rundomain.h"

#include "host/remoterun.h"
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

/* What it would say itself is said before it is for a log to tell. */
static int check_settings(const struct rec *record, struct fault *fault)
{
	struct strv ignored A_CLEANUP(strv_free) = {0};

	return remoterun_settings(record, &ignored, fault);
}

/* There xl is all that is needed, and it makes no way to a domain. */
static int check_ports(const struct running *r, const char *place, struct fault *fault)
{
	if (!r->published.count)
		return 0;
	fault_set(fault, EX_USAGE, "--publish=%s: xl on another machine leads no port to a domain",
	    r->published.items[0]);
	return fault_hint(fault, "if there is a mirari: ssh %s mirari run -t xen --publish=%s …",
	    place + strlen("ssh://"), r->published.items[0]);
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
	if (check_options(r, tool, fault) < 0)
		return -1;
	if (!place || !strcmp(place, "local"))
		return 0;
	return strcmp(tool, "mirari-xl") ? check_settings(record, fault)
					 : check_ports(r, place, fault);
}
