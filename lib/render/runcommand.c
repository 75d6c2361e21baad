#include "render/runcommand.h"

#include "model/artifact.h"
#include "model/keys.h"
#include "model/netdev.h"
#include "render/domaincommand.h"

#include <string.h>

static void add_tool(const struct runcommand *r, const char *name, struct strv *into)
{
	if (r->tools)
		strv_addf(into, "%s/%s", r->tools, name);
	else
		strv_add(into, name);
}

static bool has_taps(const struct runcommand *r)
{
	size_t length;

	return !r->check && netdev_first(r->record, &length);
}

/* A word of the user's that is to arrive as it is: not one that mirari-tap sees a device in, as
 * what isn't for a tender may want. */
static void add_word(const struct runcommand *r, const char *word, struct strv *into)
{
	const bool literal = domaincommand_tool(r->record) || !has_taps(r) ||
			     !target_is_solo5(rec_get(r->record, "target"));
	struct buf escaped A_CLEANUP(buf_free) = {0};

	for (; *word && !literal; word++)
		if (!strncmp(word, "%{tap:", 6) || !strncmp(word, "%{fd:", 5) ||
		    !strncmp(word, "%{%}", 4))
			buf_adds(&escaped, "%{%}");
		else
			buf_addc(&escaped, *word);
	buf_adds(&escaped, word);
	strv_add(into, buf_str(&escaped));
}

/* ---- its devices --------------------------------------------------------------------------------
 */

/* `--set KEY=VALUE` for what mirari-tap has to know of the record. */
static void add_settings(const struct runcommand *r, struct strv *into)
{
	for (size_t i = 0; i < r->record->count; i++) {
		const char *key = r->record->fields[i].key;

		if (strncmp(key, "net.", strlen("net.")) && strcmp(key, "name") &&
		    strncmp(key, "ip.", strlen("ip.")))
			continue;
		strv_add(into, "--set");
		strv_addf(into, "%s=%s", key, r->record->fields[i].value);
	}
	for (size_t i = 0; i < r->published->count; i++)
		strv_addf(into, "--publish=%s", r->published->items[i]);
}

/* A plain program has none to be given. One with a network stack of its own knows whether it can do
 * without. */
static void add_network(const struct runcommand *r, struct strv *into)
{
	const bool direct = !strcmp(rec_get(r->record, "target"), "unix-direct");
	size_t length;
	bool any = netdev_first(r->record, &length);

	if (domaincommand_tool(r->record) ||
	    (!direct && !target_is_solo5(rec_get(r->record, "target"))) ||
	    (!any && !(direct && r->rootless)))
		return;
	add_tool(r, "mirari-tap", into);
	strv_add(into, "exec");
	if (r->rootless)
		strv_add(into, "--rootless");
	add_settings(r, into);
	strv_add(into, "--");
}

/* ---- what runs it -------------------------------------------------------------------------------
 */

static void add_nets(const struct runcommand *r, const struct netdevs *devices, struct strv *into)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct netdev *d = &devices->items[i];
		struct buf mac A_CLEANUP(buf_free) = {0};

		if (r->check)
			strv_addf(into, "--net=%s=%s", d->name, d->tap);
		else
			strv_addf(into, "--net=%s=%%{tap:%s}", d->name, d->name);
		if (!d->mac_given)
			continue; /* that of the tap, which may have been there before */
		mac_text(d->mac, &mac);
		strv_addf(into, "--mac=%s=%s", d->name, buf_str(&mac));
	}
}

static void add_block_path(
    const struct runcommand *r, const char *device, const char *path, struct strv *into)
{
	struct buf word A_CLEANUP(buf_free) = {0};

	buf_printf(&word, "--block=%.*s=", (int)strcspn(device, "."), device);
	record_path(r->record, path, &word);
	add_word(r, buf_str(&word), into);
}

static void add_blocks(const struct runcommand *r, struct strv *into)
{
	const struct rec *record = r->record;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];
		const char *key = f->key + strlen("block.");

		if (strncmp(f->key, "block.", strlen("block.")))
			continue;
		if (!strcmp(key + strcspn(key, "."), ".path"))
			add_block_path(r, key, f->value, into);
		else
			strv_addf(into, "--set=%s=%s", f->key, f->value);
	}
}

/* What runs it where it isn't a tender's: a domain, or something elsewhere. */
static void add_domain(const struct runcommand *r, const char *tool, struct strv *into)
{
	add_tool(r, tool, into);
	strv_add(into, "run");
	if (r->check)
		strv_list(into, "--dry-run", "--quiet");
	domaincommand_settings(r->record, into);
	if (strcmp(tool, "mirari-ssh"))
		return;
	for (size_t i = 0; i < r->published->count; i++)
		strv_addf(into, "--publish=%s", r->published->items[i]);
	if (r->memory)
		strv_addf(into, "--memory=%s", r->memory);
}

static void add_virt(const struct runcommand *r, struct strv *into)
{
	const char *uri = rec_get(r->record, "libvirt.uri");

	add_tool(r, "mirari-virt", into);
	strv_add(into, "run");
	if (r->check)
		strv_list(into, "--dry-run", "--quiet");
	strv_addf(into, "--set=name=%s", rec_get(r->record, "name"));
	if (uri)
		strv_addf(into, "--set=libvirt.uri=%s", uri);
}

static void add_solo5(const struct runcommand *r, struct strv *into)
{
	const char *opam_switch = rec_get(r->record, "switch");
	struct buf tender A_CLEANUP(buf_free) = {0};

	add_tool(r, "mirari-solo5", into);
	strv_add(into, "run");
	if (r->check)
		strv_list(into, "--dry-run", "--quiet");
	buf_printf(&tender, "--tender=%s", r->tender ? r->tender : "");
	if (r->tender)
		add_word(r, buf_str(&tender), into);
	else if (opam_switch)
		strv_addf(into, "--set=switch=%s", opam_switch);
}

static int add_tender(const struct runcommand *r, struct strv *into, struct fault *fault)
{
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	const char *memory = rec_get(r->record, "memory"), *cpus = rec_get(r->record, "cpus");

	if (netdevs_read(r->record, &devices, fault) < 0)
		return -1;
	if (domaincommand_is_virt(r->record))
		add_virt(r, into);
	else
		add_solo5(r, into);
	if (memory)
		strv_addf(into, "--memory=%s", memory);
	if (cpus)
		strv_addf(into, "--set=cpus=%s", cpus);
	add_nets(r, &devices, into);
	add_blocks(r, into);
	return 0;
}

int runcommand(const struct runcommand *r, struct strv *into, size_t *program, struct fault *fault)
{
	const char *tool = domaincommand_tool(r->record);
	const bool solo5 = !tool && target_is_solo5(rec_get(r->record, "target"));
	struct strv arguments A_CLEANUP(strv_free) = {0};

	if (!r->check)
		add_network(r, into);
	if (r->supervise) {
		add_tool(r, "mirari-supervise", into);
		strv_add_all(into, r->supervise);
		strv_add(into, "--");
	}
	if (tool && !r->check && domaincommand_bridges(r->record, r->tools, into, fault) < 0)
		return -1;
	if (tool)
		add_domain(r, tool, into);
	if (solo5 && add_tender(r, into, fault) < 0)
		return -1;
	*program = into->count;
	add_word(r, r->program, into);
	rec_get_all(r->record, "arg", &arguments);
	strv_add_all(&arguments, r->arguments);
	if ((tool || solo5) && arguments.count)
		strv_add(into, "--");
	for (size_t i = 0; i < arguments.count; i++)
		add_word(r, arguments.items[i], into);
	return 0;
}
