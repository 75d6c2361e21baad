#include "render/domaincommand.h"

#include "core/buf.h"
#include "model/artifact.h"
#include "model/netdev.h"

#include <string.h>

static bool is(const struct rec *record, const char *key, const char *value)
{
	const char *its = rec_get(record, key);

	return its && !strcmp(its, value);
}

static bool is_elsewhere(const struct rec *record)
{
	const char *place = rec_get(record, "deploy");

	return place && !strncmp(place, "ssh://", strlen("ssh://"));
}

const char *domaincommand_tool(const struct rec *record)
{
	if (is(record, "target", "xen"))
		return "mirari-xl";
	return is_elsewhere(record) ? "mirari-ssh" : NULL;
}

bool domaincommand_is_by_ssh(const struct rec *record)
{
	return is_elsewhere(record) && !is(record, "target", "xen");
}

bool domaincommand_is_virt(const struct rec *record)
{
	return is(record, "target", "virtio") && !is_elsewhere(record) &&
	       (is(record, "xen.via", "libvirt") ||
		   (rec_get(record, "libvirt.uri") && !is(record, "xen.via", "xl")));
}

/* The mirari elsewhere can't tell all targets by the file; a domain is what its file is. */
static bool is_wanted(const struct rec *record, const char *key)
{
	static const char *const wanted[] = {"name", "deploy", "memory", "cpus", "net.", "ip.",
	    "block.", "xl.", "xen.via", "libvirt.uri", "ssh.config"};

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		size_t length = strlen(wanted[i]);

		if (!strncmp(key, wanted[i], length) &&
		    (wanted[i][length - 1] == '.' || !key[length]))
			return true;
	}
	return !strcmp(key, "target") && !is(record, "target", "xen");
}

static bool is_default(const struct field *f)
{
	return !strcmp(f->key, "deploy") && !strcmp(f->value, "local");
}

/* Paths of this machine are made absolute; those of another one are left as they are. */
static bool is_path_here(const struct rec *record, const char *key)
{
	const char *dot = strrchr(key, '.');

	if (!strcmp(key, "ssh.config"))
		return true;
	return !strncmp(key, "block.", 6) && !strcmp(dot, ".path") && !is_elsewhere(record);
}

static void add_setting(const struct rec *record, const struct field *f, struct strv *into)
{
	struct buf word A_CLEANUP(buf_free) = {0};

	buf_printf(&word, "--set=%s=", f->key);
	if (is_path_here(record, f->key))
		record_path(record, f->value, &word);
	else
		buf_adds(&word, f->value);
	strv_add(into, buf_str(&word));
}

void domaincommand_settings(const struct rec *record, struct strv *into)
{
	for (size_t i = 0; i < record->count; i++)
		if (is_wanted(record, record->fields[i].key) && !is_default(&record->fields[i]))
			add_setting(record, &record->fields[i], into);
}

/* ---- bridges ------------------------------------------------------------------------------------
 */

static bool is_domain_here(const struct rec *record)
{
	return is(record, "target", "xen") && !is_elsewhere(record);
}

int domaincommand_name_bridges(struct rec *record, struct fault *fault)
{
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct rec named A_CLEANUP(rec_free) = {0};

	if (!is_domain_here(record))
		return 0;
	if (netdevs_read(record, &devices, fault) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++) {
		const struct netdev *d = &devices.items[i];
		struct buf key A_CLEANUP(buf_free) = {0};

		if (d->bridge || !netdev_asks_host(d))
			continue;
		buf_printf(&key, "net.%s.bridge", d->name);
		if (rec_add(&named, buf_str(&key), netdev_bridge(d), fault) < 0)
			return -1;
	}
	/* what the devices have borrowed moves when the record grows */
	for (size_t i = 0; i < named.count; i++)
		if (rec_add(record, named.fields[i].key, named.fields[i].value, fault) < 0)
			return -1;
	return 0;
}

static bool is_of_network(const char *key)
{
	return !strncmp(key, "net.", 4) || !strncmp(key, "ip.", 3) || !strcmp(key, "name");
}

int domaincommand_bridges(
    const struct rec *record, const char *tools, struct strv *into, struct fault *fault)
{
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	bool any = false;

	if (!is_domain_here(record))
		return 0;
	if (netdevs_read(record, &devices, fault) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		any = any || netdev_asks_host(&devices.items[i]);
	if (!any)
		return 0;
	strv_addf(into, "%s%smirari-tap", tools ? tools : "", tools ? "/" : "");
	strv_add(into, "bridge");
	for (size_t i = 0; i < record->count; i++)
		if (is_of_network(record->fields[i].key))
			strv_addf(
			    into, "--set=%s=%s", record->fields[i].key, record->fields[i].value);
	strv_add(into, "--");
	return 0;
}

/* ---- where it is --------------------------------------------------------------------------------
 */

bool domaincommand_is_place(const char *key)
{
	static const char *const keys[] = {"deploy", "xen.via", "libvirt.uri", "ssh.config"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static void add_place(const struct rec *record, struct strv *into)
{
	for (size_t i = 0; i < record->count; i++)
		if (domaincommand_is_place(record->fields[i].key) &&
		    !is_default(&record->fields[i]))
			add_setting(record, &record->fields[i], into);
}

static const char *any_tool(const struct rec *record)
{
	return domaincommand_is_virt(record) ? "mirari-virt" : domaincommand_tool(record);
}

static bool is_by_ssh(const char *tool)
{
	return !strcmp(tool, "mirari-ssh");
}

void domaincommand_probe(const struct rec *record, struct strv *into)
{
	const char *tool = any_tool(record);

	if (!tool)
		return;
	strv_list(into, tool, is_by_ssh(tool) ? "check" : "list");
	add_place(record, into);
	if (is_by_ssh(tool))
		strv_list(into, "--", rec_get(record, "name"));
}

void domaincommand_cleanup(const struct rec *record, struct strv *into)
{
	const char *tool = any_tool(record);

	if (!tool)
		return;
	if (is_by_ssh(tool))
		strv_list(into, tool, "stop", "--quiet", "--force");
	else
		strv_list(into, tool, "destroy", "--force");
	add_place(record, into);
	strv_list(into, "--", rec_get(record, "name"));
}
