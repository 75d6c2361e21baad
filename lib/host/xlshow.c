#include "host/xlshow.h"

#include "core/strv.h"
#include "core/table.h"

static void add_row(const struct xl_listed *d, struct strv *cells)
{
	strv_add(cells, d->name);
	strv_addf(cells, "%u", d->domid);
	strv_add(cells, xl_listed_state(d));
	strv_addf(cells, "%llu MiB", (unsigned long long)d->memory);
	strv_addf(cells, "%u", d->cpus);
	strv_addf(cells, "%.1f s", d->seconds);
	strv_add(cells, d->uuid);
}

static void add_record(const struct xl_listed *d, struct buf *into)
{
	buf_printf(into, "name=%s\nxen.domid=%u\nxen.uuid=%s\nxen.state=%s\n", d->name, d->domid,
	    d->uuid, xl_listed_state(d));
	buf_printf(into, "memory=%llu\ncpus=%u\n\n", (unsigned long long)d->memory, d->cpus);
}

void xlshow(const struct xl_list *all, bool table, struct buf *into)
{
	struct strv cells A_CLEANUP(strv_free) = {0};

	strv_list(&cells, "NAME", "DOMAIN", "STATE", "MEMORY", "CPUS", "CPU", "UUID");
	for (size_t i = 0; i < all->count; i++)
		if (table)
			add_row(&all->items[i], &cells);
		else
			add_record(&all->items[i], into);
	if (table && all->count)
		table_add(into, &cells, 7);
}
