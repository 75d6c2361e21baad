#include "host/rundomain.h"

#include "core/proc.h"
#include "model/netdev.h"
#include "render/domaincommand.h"

#include <string.h>

/* ---- what goes with it --------------------------------------------------------------------------
 */

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

/* ---- bridges ------------------------------------------------------------------------------------
 */

static bool needs_bridge(const struct netdev *d)
{
	return d->hosts.count || d->dhcp || d->nat || d->published_count || d->bridge_create;
}

static bool is_of_network(const char *key)
{
	return !strncmp(key, "net.", 4) || !strncmp(key, "ip.", 3) || !strcmp(key, "name");
}

int rundomain_plan_bridges(struct rec *record, struct strv *into, struct fault *fault)
{
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	const char *tool = domaincommand_tool(record), *place = rec_get(record, "deploy");
	struct rec named A_CLEANUP(rec_free) = {0};
	bool any = false;

	if (!tool || (place && strcmp(place, "local")))
		return 0;
	if (netdevs_read(record, &devices, fault) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++) {
		const struct netdev *d = &devices.items[i];
		struct buf key A_CLEANUP(buf_free) = {0};

		any = any || needs_bridge(d);
		if (!needs_bridge(d) || d->bridge)
			continue;
		buf_printf(&key, "net.%s.bridge", d->name);
		if (rec_add(&named, buf_str(&key), d->tap, fault) < 0)
			return -1;
	}
	/* what the devices have borrowed moves when the record grows */
	for (size_t i = 0; i < named.count; i++)
		if (rec_add(record, named.fields[i].key, named.fields[i].value, fault) < 0)
			return -1;
	if (!any)
		return 0;
	strv_list(into, "mirari-tap", "bridge");
	for (size_t i = 0; i < record->count; i++)
		if (is_of_network(record->fields[i].key))
			strv_addf(
			    into, "--set=%s=%s", record->fields[i].key, record->fields[i].value);
	return 0;
}

int rundomain_make_bridges(const struct strv *command, struct fault *fault)
{
	struct buf ignored A_CLEANUP(buf_free) = {0};
	int status;

	if (!command->count)
		return EX_OK;
	return proc_capture(command, NULL, &ignored, &status, fault) < 0 ? -1 : status;
}
