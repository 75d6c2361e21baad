#include "model/netgiven.h"

void netgiven_free(struct netgiven *g)
{
	strv_free(&g->hosts);
	strv_free(&g->guests);
	strv_free(&g->published);
}

bool netgiven_any(const struct netgiven *g)
{
	return g->hosts.count || g->guests.count || g->published.count || g->owner || g->group ||
	       g->mtu || g->mac || g->bridge || g->bridge_create || g->dhcp || g->nat;
}

static int add(
    struct rec *into, const char *device, const char *key, const char *value, struct fault *fault)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	buf_printf(&name, "net.%s.%s", device, key);
	return value ? rec_add(into, buf_str(&name), value, fault) : 0;
}

static int add_list(struct rec *into, const char *device, const char *key,
    const struct strv *values, struct fault *fault)
{
	for (size_t i = 0; i < values->count; i++)
		if (add(into, device, key, values->items[i], fault) < 0)
			return -1;
	return 0;
}

int netgiven_add(const struct netgiven *g, const char *device, const char *tap, struct rec *into,
    struct fault *fault)
{
	const struct {
		const char *key, *value;
	} values[] = {{"tap", tap}, {"owner", g->owner}, {"group", g->group}, {"mtu", g->mtu},
	    {"mac", g->mac}, {"bridge", g->bridge},
	    {"bridge-create", g->bridge_create ? "true" : NULL}, {"dhcp", g->dhcp ? "true" : NULL},
	    {"nat", g->nat ? "true" : NULL}};

	for (size_t i = 0; i < COUNT_OF(values); i++)
		if (add(into, device, values[i].key, values[i].value, fault) < 0)
			return -1;
	if (add_list(into, device, "host", &g->hosts, fault) < 0 ||
	    add_list(into, device, "guest", &g->guests, fault) < 0)
		return -1;
	return add_list(into, device, "publish", &g->published, fault);
}
