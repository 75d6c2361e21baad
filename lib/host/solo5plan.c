#include "host/solo5run.h"

#include "core/num.h"
#include "host/tender.h"
#include "model/artifact.h"
#include "model/attach.h"
#include "model/imagerecord.h"
#include "model/keys.h"
#include "model/netdev.h"
#include "model/size.h"
#include "render/guestargs.h"

#include <string.h>
#include <sys/utsname.h>

enum {
	FREE_MEMORY = 512 << 10, /* that Solo5's bindings start with at least (bindings/mem.c) */
	PAGE = 4096,
	HVT_MEMORY_MAX = 4096,    /* MiB: X86_GUEST_MAX_MEM_SIZE */
	VIRTIO_MEMORY_MAX = 1024, /* MiB that the bindings use: PLATFORM_MAX_MEM_SIZE */
	VIRTIO_SECTOR = 512
};

static bool is_virtio(const struct solo5run *r)
{
	return !strcmp(r->image->target, "virtio");
}

/* The value of SECTION.DEVICE.KEY, or NULL. */
static const char *device_value(
    const struct solo5run *r, const char *section, const char *device, const char *key)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	buf_printf(&name, "%s.%s.%s", section, device, key);
	return rec_get(r->record, buf_str(&name));
}

/* A number that check_record has passed. */
static unsigned number_of(const char *text, unsigned otherwise)
{
	uint64_t number;

	return text && num_parse(text, 0, UINT32_MAX, &number) == NUM_OK ? (unsigned)number
									 : otherwise;
}

const char *solo5run_keep(struct solo5run *r, const char *word)
{
	strv_add(&r->words, word);
	return r->words.items[r->words.count - 1];
}

/* ---- whether it can be run here at all ---------------------------------------------------------
 */

static int check_target(const struct solo5run *r, struct fault *fault)
{
	static const char *const others[][2] = {
	    {"xen", "mirari-xl run"}, {"unix-socket", "run it as it is: it is a program"}};
	const char *target = r->image->target;

	if (target && target_is_solo5(target))
		return 0;
	fault_set(fault, EX_DATAERR, "%s: is for %s; what runs here is for hvt, spt or virtio",
	    r->path, image_target_text(r->image));
	for (size_t i = 0; target && i < COUNT_OF(others); i++)
		if (!strcmp(target, others[i][0]))
			fault_hint(fault, "%s", others[i][1]);
	return -1;
}

static int check_processor(const struct solo5run *r, struct fault *fault)
{
	struct utsname machine;
	const char *cpus = rec_get(r->record, "cpus");

	if (cpus && strcmp(cpus, "1") != 0) {
		fault_set(fault, EX_DATAERR, "cpus=%s: a Solo5 unikernel has one processor", cpus);
		return fault_hint(fault, "--set cpus=1");
	}
	if (is_virtio(r) && strcmp(r->image->arch, "x86_64") != 0)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: is for virtio on %s; only on x86_64 there is a machine for it", r->path,
		    r->image->arch);
	if (is_virtio(r) || uname(&machine) < 0 || !strcmp(machine.machine, r->image->arch))
		return 0;
	return fault_set(fault, EX_UNAVAILABLE, "%s: is for %s, this machine is %s", r->path,
	    r->image->arch, machine.machine);
}

/* MiB that it needs at least, as far as the file tells. */
static unsigned memory_needed(const struct image *image)
{
	uint64_t end = (image->end + PAGE - 1) / PAGE * PAGE + FREE_MEMORY;

	if (!image->solo5 || image->end > (uint64_t)1 << 40)
		return 1;
	return solo5_memory(image->target, (unsigned)((end + (1 << 20) - 1) >> 20));
}

static int check_memory(struct solo5run *r, struct fault *fault)
{
	unsigned needed = memory_needed(r->image);
	unsigned memory = r->memory = solo5_memory(r->image->target, r->memory);

	if (memory < needed) {
		fault_set(fault, EX_DATAERR, "memory=%u: %s needs %u MiB to start", memory, r->path,
		    needed);
		return fault_hint(fault, "--set memory=%u, or leave it out: it is %d then",
		    needed > 16 ? 2 * needed : 32, SOLO5_MEMORY_DEFAULT);
	}
	if (!strcmp(r->image->target, "hvt") && memory > HVT_MEMORY_MAX) {
		fault_set(
		    fault, EX_DATAERR, "memory=%u: hvt has %d MiB at most", memory, HVT_MEMORY_MAX);
		return fault_hint(fault, "--set memory=%d", HVT_MEMORY_MAX);
	}
	if (is_virtio(r) && r->image->solo5 && memory > VIRTIO_MEMORY_MAX)
		strv_addf(&r->notes, "memory=%u: Solo5 on virtio uses %d MiB at most", memory,
		    VIRTIO_MEMORY_MAX);
	return 0;
}

/* ---- devices -------------------------------------------------------------------------------- */

static int plan_net(struct solo5run *r, size_t i, struct fault *fault)
{
	struct solo5_device *d = &r->devices[i];
	struct tapcheck *tap = &r->taps[i];
	struct buf mac A_CLEANUP(buf_free) = {0};
	unsigned char derived[MAC_BYTES];

	d->tap = device_value(r, "net", d->name, "tap");
	d->mac = device_value(r, "net", d->name, "mac");
	if (!d->tap) {
		fault_set(fault, EX_DATAERR, "net.%s has no tap yet", d->name);
		return fault_hint(fault,
		    "mirari-parse | mirari-tap up | mirari-solo5 run -r, or: --net %s=TAP",
		    d->name);
	}
	if (r->dry_run)
		tapcheck_look(d->tap, tap);
	else if (tapcheck(d->tap, d->name, tap, fault) < 0)
		return -1;
	d->mtu = tap->mtu;
	if (d->mac)
		return 0;
	/* what the tap's DHCP waits for; else the same at each start, but not QEMU's, which is the
	 * same for all */
	mac_derive(d->tap, d->name, derived);
	mac_text(derived, &mac);
	d->mac = tap->mac[0] ? tap->mac : solo5run_keep(r, buf_str(&mac));
	return 0;
}

static int plan_block(struct solo5run *r, size_t i, struct fault *fault)
{
	struct solo5_device *d = &r->devices[i];
	struct blockfile *file = &r->files[i];
	const char *path = device_value(r, "block", d->name, "path");
	const char *size = device_value(r, "block", d->name, "size");
	struct buf whole A_CLEANUP(buf_free) = {0}, note A_CLEANUP(buf_free) = {0};

	if (!path) {
		fault_set(fault, EX_DATAERR, "block.%s has no path", d->name);
		return fault_hint(fault, "--set block.%s.path=FILE", d->name);
	}
	record_path(r->record, path, &whole);
	d->path = solo5run_keep(r, buf_str(&whole));
	d->sector = number_of(device_value(r, "block", d->name, "sector"), 0);
	*file = (struct blockfile){.device = d->name,
	    .path = d->path,
	    .sector = d->sector ? d->sector : VIRTIO_SECTOR,
	    .locks = is_virtio(r)};
	if (size && !size_parse(size, &file->size))
		return fault_set(fault, EX_DATAERR, "block.%s.size: '%s' is none", d->name, size);
	if (is_virtio(r) && file->sector != VIRTIO_SECTOR) {
		fault_set(fault, EX_DATAERR, "block.%s.sector: on virtio sectors have %d bytes",
		    d->name, VIRTIO_SECTOR);
		return fault_hint(fault, "--set block.%s.sector=%d", d->name, VIRTIO_SECTOR);
	}
	if (blockfile_check(file, &note, fault) < 0)
		return -1;
	if (note.length)
		strv_add(&r->notes, buf_str(&note));
	return 0;
}

static int plan_devices(struct solo5run *r, struct fault *fault)
{
	const struct image *image = r->image;

	if (attach_check(image, r->path, r->record, fault) < 0)
		return -1;
	if (is_virtio(r) && image->device_count > SOLO5_VIRTIO_DEVICES)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: has %zu devices; QEMU's machine has room for %d", r->path,
		    image->device_count, SOLO5_VIRTIO_DEVICES);
	for (size_t i = 0; i < image->device_count; i++) {
		r->devices[i] = (struct solo5_device){
		    .type = image->devices[i].type, .name = image->devices[i].name};
		if ((image->devices[i].type == DEVICE_NET_BASIC ? plan_net(r, i, fault)
								: plan_block(r, i, fault)) < 0)
			return -1;
	}
	return 0;
}

/* ---- the tender --------------------------------------------------------------------------------
 */

static int find_tender(struct solo5run *r, struct fault *fault)
{
	const struct tender_wanted wanted = {.target = r->image->target,
	    .given = r->tender,
	    .in_switch = rec_get(r->record, "switch"),
	    .dir = rec_get(r->record, "config.dir")};

	if (is_virtio(r))
		r->kvm = r->accel ? !strcmp(r->accel, "kvm") : tender_has_kvm();
	if (tender_find(&wanted, &r->found, fault) < 0)
		return -1;
	/* one that somebody names may do without */
	if (!strcmp(r->image->target, "hvt") && !r->tender && !r->dry_run)
		return tender_check_kvm(fault);
	return 0;
}

int solo5run_plan(struct solo5run *r, struct fault *fault)
{
	struct rec ignored A_CLEANUP(rec_free) = {0};
	struct strv arguments A_CLEANUP(strv_free) = {0};

	rec_get_all(r->record, "arg", &arguments);
	strv_add_all(&arguments, r->more);
	r->memory = number_of(rec_get(r->record, "memory"), SOLO5_MEMORY_DEFAULT);
	if (check_target(r, fault) < 0 ||
	    imagerecord_merge(r->record, r->image, r->path, &ignored, fault) < 0 ||
	    check_processor(r, fault) < 0 || check_memory(r, fault) < 0 ||
	    guestargs_escape(&arguments, &r->arguments, fault) < 0 || plan_devices(r, fault) < 0)
		return -1;
	return find_tender(r, fault);
}
