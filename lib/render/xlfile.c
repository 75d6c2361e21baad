#include "render/xlfile.h"

#include "model/xlvalue.h"
#include "render/guestargs.h"
#include "render/xlkeys.h"

#include <string.h>

enum { PV_LINE_MAX = 1023 }; /* MAX_GUEST_CMDLINE of Xen's public/xen.h, less its NUL */

int domain_arguments(struct domain *d, const struct strv *more, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0}, escaped A_CLEANUP(strv_free) = {0};

	rec_get_all(d->record, "arg", &all);
	if (more)
		strv_add_all(&all, more);
	if (guestargs_escape(&all, &escaped, fault) < 0)
		return -1;
	buf_clear(&d->cmdline);
	guestargs_line(&escaped, &d->cmdline);
	/* Xen cuts off the rest, and says nothing */
	if (d->type == DOMAIN_PV && d->cmdline.length > PV_LINE_MAX)
		return fault_set(fault, EX_DATAERR,
		    "the arguments are %zu bytes, escaped; a PV kernel can be told %d",
		    d->cmdline.length, PV_LINE_MAX);
	return 0;
}

void xl_string(struct buf *into, const char *text)
{
	buf_addc(into, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(into, '\\');
		if (*text == '\n')
			buf_adds(into, "\\n");
		else
			buf_addc(into, *text);
	}
	buf_addc(into, '"');
}

/* ---- what is ours -----------------------------------------------------------------------------
 */

/* Is one of these keys the record's to give? */
static bool is_given(const struct domain *d, const char *const *keys)
{
	for (; *keys; keys++) {
		struct buf field A_CLEANUP(buf_free) = {0};

		buf_printf(&field, "xl.%s", *keys);
		if (rec_get(&d->xl, buf_str(&field)))
			return true;
	}
	return false;
}

#define given(d, ...) is_given((d), (const char *const[]){__VA_ARGS__, NULL})

static void add_text(const struct domain *d, const char *key, const char *value, struct buf *into)
{
	if (given(d, key))
		return;
	buf_printf(into, "%s=", key);
	xl_string(into, value);
	buf_addc(into, '\n');
}

static void add_number(const struct domain *d, const char *key, unsigned value, struct buf *into)
{
	if (!given(d, key))
		buf_printf(into, "%s=%u\n", key, value);
}

/* One part of a list, on a line of its own. */
static void add_item(struct buf *list, const struct buf *item)
{
	buf_adds(list, list->length ? ",\n" : "\n");
	buf_adds(list, "    ");
	xl_string(list, buf_str(item));
}

static void add_list(const char *key, const struct buf *list, struct buf *into)
{
	if (list->length)
		buf_printf(into, "%s=[%s\n]\n", key, buf_str(list));
}

/* xl-network-configuration(5). Without a bridge it is xl's own: vif.default.bridge of xl.conf(5),
 * else xenbr0. */
static int add_nets(const struct domain *d, struct buf *into, struct fault *fault)
{
	struct buf list A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < d->nets.count; i++) {
		const struct netdev *n = &d->nets.items[i];
		struct buf item A_CLEANUP(buf_free) = {0};

		buf_adds(&item, "mac=");
		mac_text(n->mac, &item);
		if (n->bridge && strchr(n->bridge, ','))
			return fault_set(fault, EX_DATAERR,
			    "net.%s.bridge: %s: xl takes no bridge with a comma in its name",
			    n->name, n->bridge);
		if (n->bridge)
			buf_printf(&item, ",bridge=%s", n->bridge);
		if (n->mtu)
			buf_printf(&item, ",mtu=%u", n->mtu);
		add_item(&list, &item);
	}
	add_list("vif", &list, into);
	return 0;
}

/* xl-disk-configuration(5), libxlu_disk_l.l: target takes all that is behind it, commas too, but
 * for a last one, which is dropped, and line ends. */
static int add_disks(
    const struct domain *d, struct buf *into, struct strv *warnings, struct fault *fault)
{
	struct buf list A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < d->disk_count; i++) {
		const char *path = d->disks[i].path;
		struct buf item A_CLEANUP(buf_free) = {0}, key A_CLEANUP(buf_free) = {0};
		const char *sector;

		buf_printf(&key, "block.%s.sector", d->disks[i].name);
		sector = rec_get(d->record, buf_str(&key));
		if (sector && strcmp(sector, "512") != 0)
			strv_addf(warnings, "%s: %s: it is 512 by xl", buf_str(&key), sector);
		if (strchr(path, '\n'))
			return fault_set(fault, EX_DATAERR,
			    "block.%s.path: %.200s: xl takes no path with a line end in it",
			    d->disks[i].name, path);
		buf_printf(&item, "format=raw,vdev=%s,access=rw,target=%s%s", d->disks[i].device,
		    path, path[strlen(path) - 1] == ',' ? "," : "");
		add_item(&list, &item);
	}
	add_list("disk", &list, into);
	return 0;
}

static int add_ours(
    const struct domain *d, struct buf *into, struct strv *warnings, struct fault *fault)
{
	static const char *const ends[] = {"on_poweroff", "on_reboot", "on_crash", "on_watchdog"};

	add_text(d, "name", d->name, into);
	add_text(d, "uuid", d->uuid, into);
	/* builder is what type was called before Xen 4.10; both at once contradict each other */
	if (!given(d, "builder"))
		add_text(d, "type", d->type == DOMAIN_PV ? "pv" : "pvh", into);
	else if (d->type == DOMAIN_PVH)
		strv_addf(warnings,
		    "xl.builder: the kernel is a PVH one, which xl doesn't start so; leave it out");
	if (d->kernel_moved || !given(d, "kernel")) {
		buf_adds(into, "kernel=");
		xl_string(into, buf_str(&d->kernel));
		buf_addc(into, '\n');
	}
	add_number(d, "memory", d->memory, into);
	add_number(d, "vcpus", d->cpus, into);
	/* xl makes the command line of cmdline, or else of root and extra */
	if (d->cmdline.length && given(d, "cmdline", "extra", "root"))
		strv_addf(warnings,
		    "xl.%s is what the unikernel is told, in place of its arguments",
		    given(d, "cmdline") ? "cmdline"
		    : given(d, "extra") ? "extra"
					: "root");
	else if (d->cmdline.length)
		add_text(d, "cmdline", buf_str(&d->cmdline), into);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		add_text(d, ends[i], "destroy", into);
	if (!given(d, "vif") && add_nets(d, into, fault) < 0)
		return -1;
	return given(d, "disk") ? 0 : add_disks(d, into, warnings, fault);
}

/* ---- xl.KEY -----------------------------------------------------------------------------------
 */

static void warn_of_key(const char *key, struct strv *warnings)
{
	const char *best = xlkey_suggest(key);

	if (best)
		strv_addf(warnings, "xl.%s: xl doesn't know that key; did you mean %s?", key, best);
	else
		strv_addf(warnings, "xl.%s: xl doesn't know that key", key);
}

/* What xl would only say itself when it is too late, and then go on without. */
static void warn_of_kind(
    const char *key, unsigned kinds, const struct xlvalue *v, struct strv *warnings)
{
	const char *text = v->kind == XLVALUE_LIST ? NULL : v->items.items[0];

	if (!text && !(kinds & XLKEY_LIST))
		strv_addf(warnings, "xl.%s: xl wants %s, not a list", key,
		    kinds & XLKEY_TEXT ? "a text" : "a number");
	else if (text && !(kinds & (XLKEY_TEXT | XLKEY_NUMBER)))
		strv_addf(warnings, "xl.%s: xl wants a list: %s=[\"...\"]", key, key);
	else if (text && kinds == XLKEY_NUMBER && !strchr("-+0123456789 \t", text[0]))
		strv_addf(warnings, "xl.%s: xl wants a number, not %.40s", key, text);
}

static void add_given(const struct domain *d, struct buf *into, struct strv *warnings)
{
	if (d->kernel_other && !d->kernel_moved)
		strv_addf(warnings, "xl.kernel: %s is started, and not the file that was looked at",
		    buf_str(&d->kernel));
	for (size_t i = 0; i < d->xl.count; i++) {
		struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
		const char *key = xlvalue_key(d->xl.fields[i].key);
		const unsigned kinds = xlkey_kinds(key);

		if (d->kernel_moved && !strcmp(key, "kernel")) {
			strv_add(warnings, "xl.kernel: left out, as the kernel is copied");
			continue;
		}
		(void)xlvalue_get(&d->xl, key, &v);
		if (kinds)
			warn_of_kind(key, kinds, &v, warnings);
		else
			warn_of_key(key, warnings);
		buf_printf(into, "%s=", key);
		if (v.bare)
			xl_string(into, v.items.items[0]);
		else
			buf_adds(into, d->xl.fields[i].value);
		buf_addc(into, '\n');
	}
}

int xlfile(const struct domain *d, struct buf *into, struct strv *warnings, struct fault *fault)
{
	if (d->type == DOMAIN_QEMU) {
		fault_set(
		    fault, EX_DATAERR, "%s was built for virtio, not for xen", buf_str(&d->kernel));
		return fault_hint(fault, "mirari build -t xen");
	}
	buf_adds(into, "# xl.cfg(5), by mirari-xl(1)\n");
	if (add_ours(d, into, warnings, fault) < 0)
		return -1;
	add_given(d, into, warnings);
	return 0;
}
