#include "render/domxml.h"

#include "core/utf8.h"
#include "model/xlvalue.h"
#include "render/domxml_devices.h"
#include "render/solo5argv.h"
#include "render/xlkeys.h"

#include <string.h>

/* ---- XML --------------------------------------------------------------------------------------
 */

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

/* Of Char (XML 1.0, section 2.2) what UTF-8 has beside: controls, U+FFFE and U+FFFF. */
static bool is_char(const char *bytes, size_t length)
{
	if (length == 1)
		return (unsigned char)*bytes >= ' ';
	return length != 3 ||
	       (memcmp(bytes, "\xef\xbf\xbe", 3) && memcmp(bytes, "\xef\xbf\xbf", 3));
}

int xml_text(struct buf *into, const char *text)
{
	for (size_t left = strlen(text), length; left; text += length, left -= length) {
		length = utf8_character(text, left);
		if (length == 1 && entity(*text))
			buf_adds(into, entity(*text));
		else if (length && is_char(text, length))
			buf_add(into, text, length);
		else
			return -1;
	}
	return 0;
}

int domxml_add(struct buf *into, const char *what, const char *text, struct fault *fault)
{
	if (xml_text(into, text) == 0)
		return 0;
	fault_set(fault, EX_DATAERR, "%s: %.200s: libvirt takes UTF-8 without control characters",
	    what, text);
	return fault_hint(fault, "xl takes others: --set xen.via=xl");
}

bool domxml_is_qemu(const struct domxml *x)
{
	return x->driver == DOMXML_QEMU || x->driver == DOMXML_KVM;
}

static int add_element(struct buf *into, const char *indent, const char *name, const char *what,
    const char *text, struct fault *fault)
{
	buf_printf(into, "%s<%s>", indent, name);
	if (domxml_add(into, what, text, fault) < 0)
		return -1;
	buf_printf(into, "</%s>\n", name);
	return 0;
}

/* ---- what is general --------------------------------------------------------------------------
 */

/* A number of xl's, of at least as much; else that itself. */
static unsigned number_or(const struct rec *xl, const char *key, unsigned least)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	unsigned long number;
	char *end;

	if (!xlvalue_text(xl, key, &text))
		return least;
	number = strtoul(buf_str(&text), &end, 0);
	return *end || number > 1 << 30 || number < least ? least : (unsigned)number;
}

/* What libvirt and xl write in the same way: 0-3,^1. */
static bool is_cpuset(const char *text)
{
	return *text >= '0' && *text <= '9' && !text[strspn(text, "0123456789,-^")];
}

static void add_sizes(const struct domxml *x, struct buf *into, struct strv *warnings)
{
	const struct domain *d = x->domain;
	const unsigned memory = number_or(&d->xl, "maxmem", d->memory);
	const unsigned cpus = number_or(&d->xl, "maxvcpus", d->cpus);
	struct buf set A_CLEANUP(buf_free) = {0};

	buf_printf(into, "  <memory unit='MiB'>%u</memory>\n", memory);
	if (memory != d->memory)
		buf_printf(into, "  <currentMemory unit='MiB'>%u</currentMemory>\n", d->memory);
	buf_adds(into, "  <vcpu");
	if (xlvalue_text(&d->xl, "cpus", &set) && is_cpuset(buf_str(&set)))
		buf_printf(into, " cpuset='%s'", buf_str(&set));
	else if (rec_get(&d->xl, "xl.cpus"))
		strv_addf(warnings, "xl.cpus: %s: libvirt takes numbers such as 0-3,^1",
		    rec_get(&d->xl, "xl.cpus"));
	if (cpus != d->cpus)
		buf_printf(into, " current='%u'", d->cpus);
	buf_printf(into, ">%u</vcpu>\n", cpus);
}

/* xl's own way: cmdline, else root and extra. */
static void command_line(const struct domain *d, struct buf *into)
{
	struct buf root A_CLEANUP(buf_free) = {0};

	if (xlvalue_text(&d->xl, "cmdline", into))
		return;
	if (xlvalue_text(&d->xl, "root", &root))
		buf_printf(
		    into, "root=%s%s", buf_str(&root), rec_get(&d->xl, "xl.extra") ? " " : "");
	if (!xlvalue_text(&d->xl, "extra", into) && !root.length)
		buf_adds(into, buf_str(&d->cmdline));
}

static int add_os(const struct domxml *x, struct buf *into, struct fault *fault)
{
	const struct domain *d = x->domain;
	struct buf line A_CLEANUP(buf_free) = {0}, ramdisk A_CLEANUP(buf_free) = {0};

	buf_adds(into, "  <os>\n");
	buf_printf(into, "    <type arch='x86_64' machine='%s'>%s</type>\n",
	    domxml_is_qemu(x)       ? "pc"
	    : d->type == DOMAIN_PVH ? "xenpvh"
				    : "xenpv",
	    domxml_is_qemu(x)       ? "hvm"
	    : d->type == DOMAIN_PVH ? "xenpvh"
				    : "linux");
	if (add_element(into, "    ", "kernel", "the kernel's path", buf_str(&d->kernel), fault) <
	    0)
		return -1;
	if (xlvalue_text(&d->xl, "ramdisk", &ramdisk) &&
	    add_element(into, "    ", "initrd", "xl.ramdisk", buf_str(&ramdisk), fault) < 0)
		return -1;
	command_line(d, &line);
	if (line.length &&
	    add_element(into, "    ", "cmdline", "the arguments", buf_str(&line), fault) < 0)
		return -1;
	buf_adds(into, "  </os>\n");
	return 0;
}

static const char *const ends[] = {"on_poweroff", "on_reboot", "on_crash"};

static void add_ends(const struct domxml *x, struct buf *into, struct strv *warnings)
{
	/* a dump is only made of what crashed */
	static const char *const actions[] = {"destroy", "restart", "preserve", "rename-restart",
	    "coredump-destroy", "coredump-restart"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct buf given A_CLEANUP(buf_free) = {0};
		const bool crash = !strcmp(ends[i], "on_crash");
		const char *action = NULL;

		if (!xlvalue_text(&x->domain->xl, ends[i], &given))
			buf_adds(&given, "destroy");
		for (size_t a = 0; a < (crash ? sizeof actions / sizeof *actions : 4); a++)
			if (!strcmp(actions[a], buf_str(&given)))
				action = actions[a];
		if (!action)
			strv_addf(warnings,
			    "xl.%s: %s: has no counterpart for libvirt; it is "
			    "destroy",
			    ends[i], buf_str(&given));
		buf_printf(into, "  <%s>%s</%s>\n", ends[i], action ? action : "destroy", ends[i]);
	}
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void warn_of_others(const struct domain *d, struct strv *warnings)
{
	static const char *const known[] = {"name", "uuid", "type", "builder", "kernel", "ramdisk",
	    "cmdline", "extra", "root", "memory", "maxmem", "vcpus", "maxvcpus", "cpus", "vif"};

	for (size_t i = 0; i < d->xl.count; i++) {
		const char *key = xlvalue_key(d->xl.fields[i].key);
		bool found = false;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			found = found || !strcmp(key, known[k]);
		for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
			found = found || !strcmp(key, ends[k]);
		if (found)
			continue;
		if (!xlkey_kinds(key) && xlkey_suggest(key))
			strv_addf(warnings, "xl.%s: xl doesn't know that key; did you mean %s?",
			    key, xlkey_suggest(key));
		else
			strv_addf(warnings, "xl.%s: libvirt isn't told of it", key);
	}
}

static int check_driver(const struct domxml *x, struct fault *fault)
{
	const struct domain *d = x->domain;

	if (!domxml_is_qemu(x) && d->type == DOMAIN_QEMU) {
		fault_set(
		    fault, EX_DATAERR, "%s was built for virtio, not for xen", buf_str(&d->kernel));
		return fault_hint(fault, "mirari build -t xen, or for QEMU: "
					 "mirari-xl domxml --for qemu");
	}
	if (!domxml_is_qemu(x))
		return 0;
	if (d->type == DOMAIN_PV) {
		fault_set(fault, EX_DATAERR, "%s is a PV kernel, which only Xen starts",
		    buf_str(&d->kernel));
		return fault_hint(fault, "mirari build -t virtio");
	}
	/* its bindings take what is behind the first blank of QEMU's line, which begins with the
	 * path */
	if (d->type == DOMAIN_QEMU && d->image->solo5 && solo5_has_blank(buf_str(&d->kernel)))
		return fault_set(fault, EX_DATAERR,
		    "%s: a Solo5 unikernel on virtio can't be started from a path with a blank",
		    buf_str(&d->kernel));
	return 0;
}

static const char *driver_type(enum domxml_driver driver)
{
	static const char *const types[] = {[DOMXML_XEN] = "xen",
	    [DOMXML_QEMU] = "qemu",
	    [DOMXML_KVM] = "kvm",
	    [DOMXML_TEST] = "test"};

	return types[driver];
}

int domxml(const struct domxml *x, struct buf *into, struct strv *warnings, struct fault *fault)
{
	const struct domain *d = x->domain;

	if (check_driver(x, fault) < 0)
		return -1;
	buf_printf(into, "<domain type='%s'>\n", driver_type(x->driver));
	if (add_element(into, "  ", "name", "the name", d->name, fault) < 0)
		return -1;
	buf_printf(into,
	    "  <uuid>%s</uuid>\n"
	    "  <metadata>\n"
	    "    <mirari:unikernel xmlns:mirari='" DOMXML_NAMESPACE "'%s/>\n"
	    "  </metadata>\n",
	    d->uuid, d->image && d->image->solo5 ? " " DOMXML_DEAF : "");
	add_sizes(x, into, warnings);
	if (add_os(x, into, fault) < 0)
		return -1;
	if (domxml_is_qemu(x)) /* without it there is no asking it to end */
		buf_adds(into, "  <features>\n    <acpi/>\n  </features>\n");
	add_ends(x, into, warnings);
	buf_adds(into, "  <devices>\n");
	if (x->emulator &&
	    add_element(into, "    ", "emulator", "the emulator's path", x->emulator, fault) < 0)
		return -1;
	if (domxml_devices(x, into, warnings, fault) < 0)
		return -1;
	buf_adds(into, "  </devices>\n</domain>\n");
	if (d->kernel_moved && rec_get(&d->xl, "xl.kernel"))
		strv_add(warnings, "xl.kernel: left out, as the kernel is copied");
	else if (d->kernel_other)
		strv_addf(warnings, "xl.kernel: %s is started, and not the file that was looked at",
		    buf_str(&d->kernel));
	warn_of_others(d, warnings);
	return 0;
}
