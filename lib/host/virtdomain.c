#include "host/virtdomain.h"

#include "core/rec.h"
#include "core/table.h"
#include "host/virterror.h"
#include "host/virtpin.h"
#include "model/domain.h"
#include "render/domxml.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- one of them --------------------------------------------------------------------------------
 */

static bool is_no_domain(void)
{
	const virError *error = virGetLastError();

	return error && error->code == VIR_ERR_NO_DOMAIN;
}

/* A UUID is a name, too: that comes first. What looks like one and isn't is no domain's either. */
static virDomainPtr look_up(const struct virt *v, const char *name)
{
	virDomainPtr domain = virDomainLookupByName(v->connection, name);

	if (!domain && is_no_domain() && strlen(name) == DOMAIN_UUID_LENGTH)
		domain = virDomainLookupByUUIDString(v->connection, name);
	return domain;
}

static int no_domain(const struct virt *v, const char *name, struct fault *fault)
{
	fault_set(fault, EXIT_NO, "%s: no such domain at %s", name, virt_name(v));
	return fault_hint(fault, "mirari-virt list %s", buf_str(&v->words));
}

int virtdomain_find(
    const struct virt *v, const char *name, virDomainPtr *domain, struct fault *fault)
{
	*domain = look_up(v, name);
	if (*domain)
		return 0;
	if (!is_no_domain() && virGetLastError()->code != VIR_ERR_INVALID_ARG)
		return virterror_fault(fault, "find %s", name);
	return no_domain(v, name, fault);
}

bool virtdomain_is_there(const struct virt *v, const char *name)
{
	virDomainPtr domain = look_up(v, name);

	if (!domain)
		return !is_no_domain();
	(void)virDomainFree(domain);
	return true;
}

bool virtdomain_is_ours(virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	char *metadata;

	if (virDomainGetUUIDString(domain, uuid) == 0 && domain_uuid_is_ours(uuid))
		return true;
	metadata = virDomainGetMetadata(
	    domain, VIR_DOMAIN_METADATA_ELEMENT, DOMXML_NAMESPACE, VIR_DOMAIN_AFFECT_CURRENT);
	free(metadata);
	return metadata != NULL;
}

int virtdomain_find_ours(const struct virt *v, const char *name, const char *verb,
    virDomainPtr *domain, struct fault *fault)
{
	bool left, ours;

	if (virtdomain_find(v, name, domain, fault) < 0)
		return -1;
	left = virtpin_is_left(*domain);
	ours = virtdomain_is_ours(*domain);
	if (ours && !left)
		return 0;
	if (left)
		virtpin_release(*domain);
	(void)virDomainFree(*domain);
	*domain = NULL;
	if (left)
		return no_domain(v, name, fault);
	fault_set(fault, EXIT_NO, "%s: that domain isn't one of ours", name);
	return fault_hint(fault, "virsh -c '%s' %s %s", buf_str(&v->uri),
	    !strcmp(verb, "stop") ? "shutdown" : verb, name);
}

int virtdomain_check_name(const struct virt *v, const char *name, struct fault *fault)
{
	virDomainPtr domain = virDomainLookupByName(v->connection, name);
	int active;
	bool ours, left;

	if (!domain)
		return is_no_domain() ? 0 : virterror_fault(fault, "look for %s", name);
	active = virDomainIsActive(domain);
	ours = virtdomain_is_ours(domain);
	left = virtpin_is_left(domain);
	if (left)
		virtpin_release(domain);
	(void)virDomainFree(domain);
	if (left)
		return 0;
	if (active < 0)
		return virterror_fault(fault, "the state of %s", name);
	if (active && ours) {
		fault_set(fault, EX_TEMPFAIL, "%s: is running already at %s", name, virt_name(v));
		return fault_hint(fault,
		    "mirari-virt stop %s %s; or another --set name=", buf_str(&v->words), name);
	}
	fault_set(fault, EXIT_NO, "%s: %s has a domain of this name, which %s", name, virt_name(v),
	    active ? "isn't ours" : "is defined, but doesn't run");
	return fault_hint(fault, "--set name=ANOTHER; or virsh -c '%s' %s %s", buf_str(&v->uri),
	    active ? "shutdown" : "undefine", name);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

static const char *state_name(int state)
{
	static const char *const names[] = {"unknown", "running", "blocked", "paused",
	    "shutting-down", "shut-off", "crashed", "suspended"};

	return state >= 0 && (size_t)state < COUNT_OF(names) ? names[state] : names[0];
}

static int add_number(struct rec *r, const char *key, uint64_t number, struct fault *fault)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	return rec_add(r, key, text, fault);
}

/* 1; 0 when it has just gone. */
static int describe(
    const struct virt *v, virDomainPtr domain, bool all, struct rec *r, struct fault *fault)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	unsigned id = virDomainGetID(domain);
	virDomainInfo info;

	if (virDomainGetInfo(domain, &info) < 0 || virDomainGetUUIDString(domain, uuid) < 0)
		return is_no_domain()
			   ? 0
			   : virterror_fault(fault, "look at %s", virDomainGetName(domain));
	if (rec_add(r, "name", virDomainGetName(domain), fault) < 0 ||
	    virt_add_place(v, r, fault) < 0 ||
	    rec_add(r, "state", state_name(info.state), fault) < 0 ||
	    (all && rec_add(r, "ours", virtdomain_is_ours(domain) ? "true" : "false", fault) < 0) ||
	    (id != (unsigned)-1 && add_number(r, "xen.domid", id, fault) < 0) ||
	    rec_add(r, "xen.uuid", uuid, fault) < 0 ||
	    add_number(r, "memory", (info.memory + 1023) / 1024, fault) < 0 ||
	    add_number(r, "cpus", info.nrVirtCpu, fault) < 0 ||
	    add_number(r, "cpu.ms", info.cpuTime / 1000000, fault) < 0)
		return -1;
	return 1;
}

enum { COLUMNS = 6 };

static void row_of(const struct rec *r, struct strv *cells)
{
	const char *ours = rec_get(r, "ours"), *id = rec_get(r, "xen.domid");

	strv_addf(
	    cells, "%s%s", rec_get(r, "name"), ours && !strcmp(ours, "false") ? " (not ours)" : "");
	table_cell(cells, id);
	table_cell(cells, rec_get(r, "state"));
	table_size(cells, strtod(rec_get(r, "memory"), NULL), "MGT");
	table_cell(cells, rec_get(r, "cpus"));
	strv_addf(cells, "%.2fs", strtod(rec_get(r, "cpu.ms"), NULL) / 1000);
}

struct found {
	virDomainPtr *items; /* libvirt's */
	int count;
};

static void found_free(struct found *f)
{
	for (int i = 0; i < f->count; i++)
		(void)virDomainFree(f->items[i]);
	free(f->items);
}

static int by_name(const void *one, const void *other)
{
	return strcmp(virDomainGetName(*(const virDomainPtr *)one),
	    virDomainGetName(*(const virDomainPtr *)other));
}

static bool is_shown(const struct virtlist *l, virDomainPtr domain)
{
	if (virtpin_is_left(domain))
		return false;
	return l->names->count ? strv_has(l->names, virDomainGetName(domain))
			       : l->all || virtdomain_is_ours(domain);
}

static void add_text(struct virtlist *l, const struct rec *record)
{
	const char *value;

	if (!l->get)
		rec_write(record, &l->text);
	for (size_t i = 0; l->get && rec_each(record, l->get, &i, &value);)
		buf_printf(&l->text, "%s\n", value);
}

/* Of those that were found, those that are to be seen. */
static int show(const struct virt *v, const struct found *found, struct virtlist *l,
    struct strv *cells, struct strv *shown, struct fault *fault)
{
	for (int i = 0; i < found->count; i++) {
		struct rec record A_CLEANUP(rec_free) = {0};
		int got;

		if (!is_shown(l, found->items[i]))
			continue;
		got = describe(v, found->items[i], l->all || l->names->count, &record, fault);
		if (got < 0)
			return -1;
		if (!got)
			continue;
		strv_add(shown, virDomainGetName(found->items[i]));
		if (l->table)
			row_of(&record, cells);
		else
			add_text(l, &record);
	}
	return 0;
}

void virtlist_free(struct virtlist *l)
{
	buf_free(&l->text);
	strv_free(&l->absent);
}

int virtdomain_list(const struct virt *v, struct virtlist *l, struct fault *fault)
{
	struct found found A_CLEANUP(found_free) = {0};
	struct strv cells A_CLEANUP(strv_free) = {0}, shown A_CLEANUP(strv_free) = {0};

	found.count = virConnectListAllDomains(v->connection, &found.items,
	    l->all || l->names->count ? 0 : VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (found.count < 0) {
		found.count = 0;
		return virterror_fault(fault, "list the domains of %s", virt_name(v));
	}
	if (found.count)
		qsort(found.items, (size_t)found.count, sizeof *found.items, by_name);
	strv_list(&cells, "NAME", "ID", "STATE", "MEMORY", "CPUS", "CPU");
	if (show(v, &found, l, &cells, &shown, fault) < 0)
		return -1;
	for (size_t i = 0; i < l->names->count; i++)
		if (!strv_has(&shown, l->names->items[i]))
			strv_add(&l->absent, l->names->items[i]);
	if (l->table && shown.count)
		table_add(&l->text, &cells, COLUMNS);
	return 0;
}
