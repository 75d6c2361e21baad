#include "render/solo5argv.h"

#include "render/guestargs.h"

#include <string.h>

bool solo5_has_blank(const char *path)
{
	return path[strcspn(path, " \t\n\v\f\r")];
}

unsigned solo5_memory(const char *target, unsigned memory)
{
	return strcmp(target, "hvt") ? memory : memory + memory % 2;
}

static void tender_device(const struct solo5_device *d, struct strv *into)
{
	if (d->type == DEVICE_NET_BASIC) {
		strv_addf(into, "--net:%s=%s", d->name, d->tap);
		if (d->mac)
			strv_addf(into, "--net-mac:%s=%s", d->name, d->mac);
		return;
	}
	strv_addf(into, "--block:%s=%s", d->name, d->path);
	if (d->sector)
		strv_addf(into, "--block-sector-size:%s=%u", d->name, d->sector);
}

static void tender_argv(const struct solo5_command *c, struct strv *into)
{
	strv_add(into, c->tender);
	strv_addf(into, "--mem=%u", c->memory);
	for (size_t i = 0; i < c->device_count; i++)
		tender_device(&c->devices[i], into);
	strv_list(into, "--", c->kernel);
	strv_add_all(into, c->arguments);
}

/* A value among QEMU's comma-separated ones. */
static void qemu_value(struct buf *into, const char *value)
{
	for (; *value; value++) {
		if (*value == ',')
			buf_addc(into, ',');
		buf_addc(into, *value);
	}
}

/* QEMU takes what is before a ':' for a protocol, unless a '/' comes first. */
static void qemu_path(struct buf *into, const char *path)
{
	if (path[0] != '/')
		buf_adds(into, "./");
	qemu_value(into, path);
}

/* Solo5 gives the devices of the manifest, in their order, what it finds on the PCI bus, slot by
 * slot. */
static void qemu_device(const struct solo5_device *d, size_t number, struct strv *into)
{
	struct buf backend A_CLEANUP(buf_free) = {0}, front A_CLEANUP(buf_free) = {0};
	size_t slot = number + 2;

	if (d->type == DEVICE_NET_BASIC) {
		buf_printf(&backend, "tap,id=net%zu,ifname=", number);
		qemu_value(&backend, d->tap);
		buf_adds(&backend, ",script=no,downscript=no");
		buf_printf(&front,
		    "virtio-net-pci,netdev=net%zu,bus=pci.0,addr=0x%zx,romfile=", number, slot);
		if (d->mac)
			buf_printf(&front, ",mac=%s", d->mac);
		if (d->mtu && d->mtu != 1500)
			buf_printf(&front, ",host_mtu=%u", d->mtu);
	} else {
		buf_printf(&backend, "id=block%zu,if=none,format=raw,file=", number);
		qemu_path(&backend, d->path);
		buf_printf(
		    &front, "virtio-blk-pci,drive=block%zu,bus=pci.0,addr=0x%zx", number, slot);
	}
	strv_list(into, d->type == DEVICE_NET_BASIC ? "-netdev" : "-drive", buf_str(&backend),
	    "-device", buf_str(&front));
}

/* Without ACPI the unikernel couldn't switch the machine off, and without isa-debug-exit Solo5's
 * would take the time that this takes. A guest that resets is not to run again. */
static void qemu_machine(const struct solo5_command *c, struct strv *into)
{
	struct buf console A_CLEANUP(buf_free) = {0};

	strv_list(into, c->tender, "-no-user-config", "-nodefaults", "-no-reboot", "-machine", "pc",
	    "-accel", c->kvm ? "kvm" : "tcg", "-cpu", c->kvm ? "host" : "max", "-m");
	strv_addf(into, "%u", c->memory);
	buf_adds(&console, "stdio,id=console");
	if (c->log)
		buf_printf(&console, ",logfile=%s", c->log);
	strv_list(into, "-display", "none", "-monitor", "none", "-chardev", buf_str(&console),
	    "-serial", "chardev:console", "-device", "isa-debug-exit");
}

static void qemu_argv(const struct solo5_command *c, struct strv *into)
{
	struct buf line A_CLEANUP(buf_free) = {0};

	qemu_machine(c, into);
	for (size_t i = 0; i < c->device_count; i++)
		qemu_device(&c->devices[i], i, into);
	strv_list(into, "-kernel", c->kernel);
	guestargs_line(c->arguments, &line);
	/* not one of the comma-separated: QEMU takes it as it is */
	if (line.length)
		strv_list(into, "-append", buf_str(&line));
}

void solo5_argv(const struct solo5_command *command, struct strv *into)
{
	if (!strcmp(command->target, "virtio"))
		qemu_argv(command, into);
	else
		tender_argv(command, into);
}
