#include "render/domxml_devices.h"

#include "model/value.h"
#include "model/xlvalue.h"

#include <string.h>

enum {
	SLOT_FIRST = 3, /* of 32 PCI slots: behind the bridges' and the one for a graphics card */
	SLOT_LAST = 31
};

/* ---- places -----------------------------------------------------------------------------------
 */

/* Solo5's bindings for virtio take devices in the order of their PCI slots for those of the
 * manifest, of both types together; otherwise it is network devices first. */
static int add_place(const struct domxml *x, enum image_device_type type, const char *name,
    size_t otherwise, struct buf *into, struct fault *fault)
{
	const struct image *image = x->domain->image;
	size_t slot = SLOT_FIRST + otherwise;

	if (!domxml_is_qemu(x))
		return 0;
	for (size_t i = 0; i < image->device_count; i++)
		if (image->devices[i].type == type && !strcmp(image->devices[i].name, name))
			slot = SLOT_FIRST + i;
	if (slot > SLOT_LAST)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: QEMU's machine has room for %d devices", name, SLOT_LAST - SLOT_FIRST + 1);
	buf_printf(into,
	    "      <address type='pci' domain='0x0000' bus='0x00' slot='0x%02zx' "
	    "function='0x0'/>\n",
	    slot);
	return 0;
}

/* ---- network ----------------------------------------------------------------------------------
 */

/* Without a bridge it is the default of xl and libxl, xenbr0. */
static int add_xen_net(
    const char *mac, const char *bridge, const char *mtu, struct buf *into, struct fault *fault)
{
	buf_printf(into, "    <interface type='%s'>\n", bridge ? "bridge" : "ethernet");
	if (mac)
		buf_printf(into, "      <mac address='%s'/>\n", mac);
	if (bridge) {
		buf_adds(into, "      <source bridge='");
		if (domxml_add(into, "a bridge's name", bridge, fault) < 0)
			return -1;
		buf_adds(into, "'/>\n");
	}
	if (mtu)
		buf_printf(into, "      <mtu size='%s'/>\n", mtu);
	buf_adds(into, "    </interface>\n");
	return 0;
}

static int add_qemu_net(const struct domxml *x, size_t index, const char *mac, const char *mtu,
    struct buf *into, struct fault *fault)
{
	const struct netdev *n = &x->domain->nets.items[index];

	buf_printf(into, "    <interface type='ethernet'>\n      <mac address='%s'/>\n", mac);
	buf_adds(into, "      <target dev='");
	if (domxml_add(into, "a tap's name", n->tap, fault) < 0)
		return -1;
	buf_adds(into, "' managed='no'/>\n      <model type='virtio'/>\n");
	if (mtu)
		buf_printf(into, "      <mtu size='%s'/>\n", mtu);
	if (add_place(x, DEVICE_NET_BASIC, n->name, index, into, fault) < 0)
		return -1;
	buf_adds(into, "    </interface>\n");
	return 0;
}

static int add_net(const struct domxml *x, size_t index, struct buf *into, struct fault *fault)
{
	const struct netdev *n = &x->domain->nets.items[index];
	struct buf mac A_CLEANUP(buf_free) = {0}, size A_CLEANUP(buf_free) = {0};
	const char *mtu = NULL;

	mac_text(n->mac, &mac);
	if (n->mtu) {
		buf_printf(&size, "%u", n->mtu);
		mtu = buf_str(&size);
	}
	if (domxml_is_qemu(x))
		return add_qemu_net(x, index, buf_str(&mac), mtu, into, fault);
	return add_xen_net(buf_str(&mac), n->bridge, mtu, into, fault);
}

/* The value behind `name` when that is what the word begins with. */
static bool take(const char *word, const char *name, struct buf *into)
{
	const size_t length = strlen(name);

	if (strncmp(word, name, length) != 0)
		return false;
	buf_clear(into);
	buf_adds(into, word + length);
	return true;
}

/* One of xl.vif: "mac=…,bridge=…", as xl splits it. */
static int add_vif(const char *item, struct buf *into, struct strv *warnings, struct fault *fault)
{
	struct buf mac A_CLEANUP(buf_free) = {0}, bridge A_CLEANUP(buf_free) = {0};

	for (const char *p = item; *p;) {
		const size_t length = strcspn(p, ",");
		struct buf word A_CLEANUP(buf_free) = {0}, taken A_CLEANUP(buf_free) = {0};

		buf_add(&word, p + strspn(p, " "), length - strspn(p, " "));
		p += length + (p[length] == ',');
		if (take(buf_str(&word), "mac=", &taken) && value_fits(VALUE_MAC, buf_str(&taken)))
			(void)take(buf_str(&word), "mac=", &mac);
		else if (!take(buf_str(&word), "bridge=", &bridge) && word.length)
			strv_addf(
			    warnings, "xl.vif: %s: has no counterpart for libvirt", buf_str(&word));
	}
	return add_xen_net(mac.length ? buf_str(&mac) : NULL,
	    bridge.length ? buf_str(&bridge) : NULL, NULL, into, fault);
}

static int add_nets(
    const struct domxml *x, struct buf *into, struct strv *warnings, struct fault *fault)
{
	struct xlvalue given A_CLEANUP(xlvalue_free) = {0};

	if (!domxml_is_qemu(x) && xlvalue_get(&x->domain->xl, "vif", &given)) {
		for (size_t i = 0; i < given.items.count; i++)
			if (add_vif(given.items.items[i], into, warnings, fault) < 0)
				return -1;
		return 0;
	}
	for (size_t i = 0; i < x->domain->nets.count; i++)
		if (add_net(x, i, into, fault) < 0)
			return -1;
	return 0;
}

/* ---- disks ------------------------------------------------------------------------------------
 */

static int add_disk(const struct domxml *x, size_t index, struct buf *into, struct fault *fault)
{
	const struct domain_disk *disk = &x->domain->disks[index];
	const bool block = !strncmp(disk->path, "/dev/", strlen("/dev/"));

	buf_printf(into, "    <disk type='%s' device='disk'>\n", block ? "block" : "file");
	if (domxml_is_qemu(x))
		buf_adds(into, "      <driver name='qemu' type='raw'/>\n");
	buf_printf(into, "      <source %s='", block ? "dev" : "file");
	if (domxml_add(into, "a disk's path", disk->path, fault) < 0)
		return -1;
	buf_adds(into, "'/>\n");
	if (domxml_is_qemu(x))
		buf_printf(into, "      <target dev='%s' bus='virtio'/>\n", disk->device + 1);
	else
		buf_printf(into, "      <target dev='%s' bus='xen'/>\n", disk->device);
	if (add_place(
		x, DEVICE_BLOCK_BASIC, disk->name, x->domain->nets.count + index, into, fault) < 0)
		return -1;
	buf_adds(into, "    </disk>\n");
	return 0;
}

/* ---- console ----------------------------------------------------------------------------------
 */

static int add_console(
    const struct domxml *x, struct buf *into, struct strv *warnings, struct fault *fault)
{
	if (!domxml_is_qemu(x)) {
		if (x->log)
			strv_addf(warnings,
			    "log %s: on Xen it is xenconsoled that keeps one (its option "
			    "--log=guest)",
			    x->log);
		buf_adds(into, "    <console type='pty'>\n"
			       "      <target type='xen' port='0'/>\n"
			       "    </console>\n");
		return 0;
	}
	if (!x->socket) {
		buf_adds(into, "    <serial type='pty'>\n");
	} else {
		buf_adds(into, "    <serial type='unix'>\n"
			       "      <source mode='bind' path='");
		if (domxml_add(into, "the socket's path", x->socket, fault) < 0)
			return -1;
		buf_adds(into, "'/>\n");
	}
	if (x->log) {
		buf_adds(into, "      <log file='");
		if (domxml_add(into, "the log's path", x->log, fault) < 0)
			return -1;
		buf_adds(into, "' append='off'/>\n");
	}
	buf_adds(into, "      <target port='0'/>\n"
		       "    </serial>\n");
	return 0;
}

int domxml_devices(
    const struct domxml *x, struct buf *into, struct strv *warnings, struct fault *fault)
{
	for (size_t i = 0; i < x->domain->disk_count; i++)
		if (add_disk(x, i, into, fault) < 0)
			return -1;
	if (add_nets(x, into, warnings, fault) < 0)
		return -1;
	if (domxml_is_qemu(x))
		buf_adds(into, "    <controller type='usb' model='none'/>\n");
	if (add_console(x, into, warnings, fault) < 0)
		return -1;
	if (domxml_is_qemu(x))
		buf_adds(into, "    <memballoon model='none'/>\n");
	return 0;
}
