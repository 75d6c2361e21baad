#include "model/domain.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/num.h"
#include "core/strset.h"
#include "model/artifact.h"
#include "model/attach.h"
#include "model/value.h"
#include "model/xlvalue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DISKS_MAX = 256 };

void domain_free(struct domain *d)
{
	for (size_t i = 0; i < d->disk_count; i++) {
		free(d->disks[i].name);
		free(d->disks[i].path);
	}
	free(d->disks);
	buf_free(&d->kernel);
	buf_free(&d->cmdline);
	buf_free(&d->given_name);
	netdevs_free(&d->nets);
	rec_free(&d->xl);
	*d = (struct domain){0};
}

/* ---- name and UUID ----------------------------------------------------------------------------
 */

static uint64_t hash_salted(char salt, const char *name)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	uint64_t hash;

	buf_addc(&text, salt);
	buf_adds(&text, name);
	hash = hash_bytes(buf_str(&text), text.length);
	/* the low bits of FNV-1a vary most; this brings all of them in */
	hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
	return hash ^ hash >> 32;
}

void domain_uuid(const char *name, char into[DOMAIN_UUID_LENGTH + 1])
{
	const uint64_t one = hash_salted('1', name), two = hash_salted('2', name);

	snprintf(into, DOMAIN_UUID_LENGTH + 1, DOMAIN_UUID_OURS "%03x-%04x-%012llx",
	    (unsigned)(one & 0xfff), (unsigned)(0x8000 | (one >> 12 & 0x3fff)),
	    (unsigned long long)(two & 0xffffffffffff));
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *text)
{
	for (size_t i = 0; i < DOMAIN_UUID_LENGTH; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!text[i] ||
		    (dash ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i])))
			return false;
	}
	return !text[DOMAIN_UUID_LENGTH];
}

bool domain_uuid_is_ours(const char *uuid)
{
	return is_uuid(uuid) && !strncasecmp(uuid, DOMAIN_UUID_OURS, strlen(DOMAIN_UUID_OURS));
}

/* xl takes a domain's number wherever it takes its name. */
static int check_name(const char *name, const char *key, struct fault *fault)
{
	if (!value_fits(VALUE_NAME, name))
		return fault_set(fault, EX_DATAERR,
		    "%s: '%.80s' can't be a domain's name here (a letter or digit, then also . _ + "
		    "-; at most %d)",
		    key, name, VALUE_NAME_MAX);
	if (!name[strspn(name, "0123456789")]) {
		fault_set(
		    fault, EX_DATAERR, "%s: '%s' would be taken for a domain's number", key, name);
		return fault_hint(fault, "--set name=x%s", name);
	}
	if (!strcmp(name, "Domain-0")) {
		fault_set(fault, EX_DATAERR, "%s: Domain-0 is the host's own", key);
		return fault_hint(fault, "--set name=NAME");
	}
	return 0;
}

static int identify(const struct rec *record, const struct rec *xl, struct buf *name, char uuid[],
    struct fault *fault)
{
	struct buf given A_CLEANUP(buf_free) = {0};
	const size_t before = name->length;
	const char *own = rec_get(record, "name");

	if (rec_get(xl, "xl.name") && !xlvalue_text(xl, "name", name))
		return fault_set(fault, EX_DATAERR, "xl.name: a list can't be a name");
	if (!rec_get(xl, "xl.name"))
		buf_adds(name, own ? own : "");
	if (name->length == before && !own) {
		fault_set(fault, EX_DATAERR, "the record has no name, which a domain needs");
		return fault_hint(fault, "--set name=NAME");
	}
	if (check_name(buf_str(name) + before, rec_get(xl, "xl.name") ? "xl.name" : "name", fault))
		return -1;
	domain_uuid(buf_str(name) + before, uuid);
	if (!rec_get(xl, "xl.uuid"))
		return 0;
	if (!xlvalue_text(xl, "uuid", &given) || !is_uuid(buf_str(&given))) {
		fault_set(fault, EX_DATAERR, "xl.uuid: %.80s is no UUID", rec_get(xl, "xl.uuid"));
		return fault_hint(fault, "leave it out: it is %s then", uuid);
	}
	for (size_t i = 0; i < DOMAIN_UUID_LENGTH; i++) {
		const char c = buf_str(&given)[i];

		uuid[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
	}
	return 0;
}

int domain_identify(const struct rec *record, struct buf *name, char uuid[DOMAIN_UUID_LENGTH + 1],
    struct fault *fault)
{
	struct rec xl A_CLEANUP(rec_free) = {0};

	xlvalue_collect(record, &xl);
	if (xlvalue_check(&xl, fault) < 0)
		return -1;
	return identify(record, &xl, name, uuid, fault);
}

/* ---- how it is started ------------------------------------------------------------------------
 */

static const char *ways(const struct image *image)
{
	return (image->boot & BOOT_XEN_PVH) && (image->boot & BOOT_XEN_PV) ? "as pvh or pv"
	       : image->boot & BOOT_XEN_PVH                                ? "as pvh"
									   : "as pv";
}

static int no_xen_kernel(const struct image *image, const char *kernel, struct fault *fault)
{
	if (image->target && (!strcmp(image->target, "unix-socket")))
		fault_set(fault, EX_DATAERR, "%s is a program of this system, not a kernel for xen",
		    kernel);
	else
		fault_set(fault, EX_DATAERR, "%s was built for %s, not for xen", kernel,
		    image_target_text(image));
	return fault_hint(fault, "mirari build -t xen");
}

/* xl.type chooses where there is a choice. What isn't Xen's own is only taken where it is meant. */
static int set_type(struct domain *d, const char *kernel, struct fault *fault)
{
	const unsigned boot = d->image->boot;
	struct buf wanted A_CLEANUP(buf_free) = {0};
	bool pv;

	if (!(boot & (BOOT_XEN_PVH | BOOT_XEN_PV))) {
		d->type = DOMAIN_QEMU;
		return d->image->target && !strcmp(d->image->target, "virtio")
			   ? 0
			   : no_xen_kernel(d->image, kernel, fault);
	}
	if (strcmp(d->image->arch, "x86_64") != 0)
		return fault_set(fault, EX_DATAERR, "%s: is for xen on %s; it is started on x86_64",
		    kernel, d->image->arch);
	d->type = boot & BOOT_XEN_PVH ? DOMAIN_PVH : DOMAIN_PV;
	if (!rec_get(&d->xl, "xl.type"))
		return 0;
	(void)xlvalue_text(&d->xl, "type", &wanted);
	pv = !strcmp(buf_str(&wanted), "pv");
	if (!pv && strcmp(buf_str(&wanted), "pvh") != 0)
		return fault_set(fault, EX_DATAERR, "xl.type: %.80s: %s starts %s",
		    rec_get(&d->xl, "xl.type"), kernel, ways(d->image));
	if (!(boot & (pv ? BOOT_XEN_PV : BOOT_XEN_PVH))) {
		fault_set(fault, EX_DATAERR, "xl.type: %s can't be started as %s, only %s", kernel,
		    buf_str(&wanted), ways(d->image));
		return fault_hint(fault, "leave xl.type out");
	}
	d->type = pv ? DOMAIN_PV : DOMAIN_PVH;
	return 0;
}

static void absolute(const char *path, const char *here, struct buf *into)
{
	if (path[0] != '/')
		buf_printf(into, "%s%s", here, here[strlen(here) - 1] == '/' ? "" : "/");
	while (!strncmp(path, "./", 2))
		path += 2;
	buf_adds(into, path);
}

static int set_kernel(struct domain *d, const char *kernel, const char *here, struct fault *fault)
{
	struct buf given A_CLEANUP(buf_free) = {0}, own A_CLEANUP(buf_free) = {0};

	absolute(kernel, here, &own);
	if (!rec_get(&d->xl, "xl.kernel")) {
		buf_adds(&d->kernel, buf_str(&own));
		return 0;
	}
	if (!xlvalue_text(&d->xl, "kernel", &given) || !given.length)
		return fault_set(fault, EX_DATAERR, "xl.kernel: %.80s is no file's name",
		    rec_get(&d->xl, "xl.kernel"));
	absolute(buf_str(&given), here, &d->kernel);
	d->kernel_other = strcmp(buf_str(&d->kernel), buf_str(&own)) != 0;
	return 0;
}

/* xl reads numbers by strtol, base 0. */
static int xl_number(const struct rec *xl, const char *key, unsigned min, unsigned max,
    unsigned *number, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	unsigned long long value;
	char *end;

	if (!xlvalue_text(xl, key, &text)) {
		buf_printf(&text, "xl.%s", key);
		if (!rec_get(xl, buf_str(&text)))
			return 0;
		return fault_set(fault, EX_DATAERR, "xl.%s: a list can't be a number", key);
	}
	errno = 0;
	value = strtoull(buf_str(&text), &end, 0);
	if (errno || *end || !text.length || !strchr("0123456789", buf_str(&text)[0]) ||
	    value < min || value > max)
		return fault_set(fault, EX_DATAERR, "xl.%s: '%.40s' is not a number from %u to %u",
		    key, buf_str(&text), min, max);
	*number = (unsigned)value;
	return 0;
}

/* What check_record has passed. */
static unsigned number_of(const char *text, unsigned otherwise)
{
	uint64_t number;

	return text && num_parse(text, 0, UINT32_MAX, &number) == NUM_OK ? (unsigned)number
									 : otherwise;
}

static int set_sizes(struct domain *d, struct fault *fault)
{
	d->memory = number_of(rec_get(d->record, "memory"), DOMAIN_MEMORY_DEFAULT);
	d->cpus = number_of(rec_get(d->record, "cpus"), 1);
	if (xl_number(&d->xl, "memory", 1, 1 << 30, &d->memory, fault) < 0 ||
	    xl_number(&d->xl, "vcpus", 1, 1 << 16, &d->cpus, fault) < 0)
		return -1;
	return 0;
}

/* ---- disks ------------------------------------------------------------------------------------
 */

/* xvda to xvdz, then xvdaa and so on. */
static void device_name(size_t number, char into[8])
{
	if (number < 26)
		snprintf(into, 8, "xvd%c", (char)('a' + number));
	else
		snprintf(into, 8, "xvd%c%c", (char)('a' + (number / 26 - 1) % 26),
		    (char)('a' + number % 26));
}

static bool is_disk_name(const char *name)
{
	const size_t length = strlen(name);

	return !strncmp(name, "xvd", 3) && length >= 4 && length <= 5 &&
	       strspn(name + 3, "abcdefghijklmnopqrstuvwxyz") == length - 3;
}

static void name_disks(struct domain *d)
{
	struct strset taken A_CLEANUP(strset_free) = {0};
	uint32_t ignored = 0;
	size_t next = 0;

	for (size_t i = 0; i < d->disk_count; i++)
		if (is_disk_name(d->disks[i].name) &&
		    strset_add(&taken, d->disks[i].name, &ignored))
			snprintf(
			    d->disks[i].device, sizeof d->disks[i].device, "%s", d->disks[i].name);
	for (size_t i = 0; i < d->disk_count; i++) {
		while (!d->disks[i].device[0]) {
			char name[8];

			device_name(next++, name);
			if (!strset_add(&taken, name, &ignored))
				continue;
			memcpy(d->disks[i].device, name, sizeof name);
		}
	}
}

static int add_disk(
    struct domain *d, const char *name, size_t length, const char *here, struct fault *fault)
{
	struct buf key A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
	struct buf whole A_CLEANUP(buf_free) = {0};
	struct domain_disk *disk;
	const char *given;

	buf_printf(&key, "block.%.*s.path", (int)length, name);
	given = rec_get(d->record, buf_str(&key));
	if (!given) {
		fault_set(fault, EX_DATAERR, "block.%.*s has no path", (int)length, name);
		return fault_hint(fault, "--set %s=FILE", buf_str(&key));
	}
	if (d->disk_count == DISKS_MAX)
		return fault_set(fault, EX_DATAERR, "block.%.*s: more than %d block devices",
		    (int)length, name, DISKS_MAX);
	record_path(d->record, given, &whole);
	absolute(buf_str(&whole), here, &path);
	d->disks = mem_resize(d->disks, d->disk_count + 1, sizeof *d->disks);
	disk = &d->disks[d->disk_count++];
	*disk = (struct domain_disk){
	    .name = mem_copy(name, length), .path = mem_copy(buf_str(&path), path.length)};
	return 0;
}

static int set_disks(struct domain *d, const char *here, struct fault *fault)
{
	struct strset seen A_CLEANUP(strset_free) = {0};

	for (size_t i = 0; i < d->record->count; i++) {
		const char *key = d->record->fields[i].key, *name = key + strlen("block.");
		struct buf copy A_CLEANUP(buf_free) = {0};
		uint32_t ignored = 0;

		if (strncmp(key, "block.", strlen("block.")) || !strchr(name, '.'))
			continue;
		buf_add(&copy, name, strcspn(name, "."));
		if (strset_add(&seen, buf_str(&copy), &ignored) &&
		    add_disk(d, name, copy.length, here, fault) < 0)
			return -1;
	}
	name_disks(d);
	return 0;
}

/* A unikernel that has a manifest gets what is in it; others ask for what they want when they run.
 */
static int check_devices(const struct domain *d, const char *kernel, struct fault *fault)
{
	if (!d->image->device_count)
		return 0;
	return attach_check(d->image, kernel, d->record, fault);
}

int domain_make(struct domain *d, const struct rec *record, const struct image *image,
    const char *kernel, const char *here, struct fault *fault)
{
	d->record = record;
	d->image = image;
	xlvalue_collect(record, &d->xl);
	if (xlvalue_check(&d->xl, fault) < 0 || set_type(d, kernel, fault) < 0 ||
	    identify(record, &d->xl, &d->given_name, d->uuid, fault) < 0)
		return -1;
	d->name = buf_str(&d->given_name);
	if (d->type == DOMAIN_QEMU) {
		/* what else is there is for Xen */
		rec_free(&d->xl);
		d->xl = (struct rec){0};
	}
	if (set_kernel(d, kernel, here, fault) < 0 || set_sizes(d, fault) < 0 ||
	    netdevs_read(record, &d->nets, fault) < 0 || set_disks(d, here, fault) < 0)
		return -1;
	return check_devices(d, kernel, fault);
}
