#include "model/netdev.h"

#include <string.h>

/* Is it one of the keys that netdevs_write writes? */
static bool is_rewritten(const char *key)
{
	static const char *const names[] = {"tap", "ifindex", "mac", "host", "guest"};
	const char *dot;

	if (strncmp(key, "net.", strlen("net.")) || !(dot = strchr(key + strlen("net."), '.')))
		return false;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(dot + 1, names[i]))
			return true;
	return false;
}

static int add_result(struct rec *into, const struct netdev *d, const char *key,
    const struct buf *value, struct fault *fault)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	buf_printf(&name, "net.%s.%s", d->name, key);
	return rec_add(into, buf_str(&name), buf_str(value), fault);
}

static int add_addresses(struct rec *into, const struct netdev *d, const char *key,
    const struct addresses *addresses, struct fault *fault)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		address_text(&addresses->items[i], &text);
		if (add_result(into, d, key, &text, fault) < 0)
			return -1;
	}
	return 0;
}

int netdevs_write(
    const struct netdevs *n, const struct rec *record, struct rec *into, struct fault *fault)
{
	for (size_t i = 0; i < record->count; i++)
		if (!is_rewritten(record->fields[i].key))
			rec_borrow(into, &record->fields[i]);
	for (size_t i = 0; i < n->count; i++) {
		const struct netdev *d = &n->items[i];
		struct buf tap A_CLEANUP(buf_free) = {0}, number A_CLEANUP(buf_free) = {0};
		struct buf mac A_CLEANUP(buf_free) = {0};

		buf_adds(&tap, d->tap);
		buf_printf(&number, "%u", d->ifindex);
		mac_text(d->mac, &mac);
		if (add_result(into, d, "tap", &tap, fault) < 0 ||
		    (d->ifindex && add_result(into, d, "ifindex", &number, fault) < 0) ||
		    add_result(into, d, "mac", &mac, fault) < 0 ||
		    add_addresses(into, d, "host", &d->hosts, fault) < 0 ||
		    add_addresses(into, d, "guest", &d->guests, fault) < 0)
			return -1;
	}
	return 0;
}

/* The device with a bridge that a key is about, when it is one of the keys that are written again.
 */
static bool is_replaced(const struct netdevs *n, const char *key)
{
	static const char *const names[] = {"bridge", "mac", "host", "guest"};
	const char *device = key + strlen("net."), *dot;

	if (strncmp(key, "net.", strlen("net.")) || !(dot = strchr(device, '.')))
		return false;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(dot + 1, names[i]))
			continue;
		for (size_t k = 0; k < n->count; k++)
			if (!strncmp(n->items[k].name, device, (size_t)(dot - device)) &&
			    !n->items[k].name[dot - device])
				return netdev_bridge(&n->items[k]) != NULL;
	}
	return false;
}

int netdevs_write_bridges(
    const struct netdevs *n, const struct rec *record, struct rec *into, struct fault *fault)
{
	for (size_t i = 0; i < record->count; i++)
		if (!is_replaced(n, record->fields[i].key))
			rec_borrow(into, &record->fields[i]);
	for (size_t i = 0; i < n->count; i++) {
		const struct netdev *d = &n->items[i];
		struct buf bridge A_CLEANUP(buf_free) = {0}, mac A_CLEANUP(buf_free) = {0};

		if (!netdev_bridge(d))
			continue;
		buf_adds(&bridge, netdev_bridge(d));
		mac_text(d->mac, &mac);
		if (add_result(into, d, "bridge", &bridge, fault) < 0 ||
		    add_result(into, d, "mac", &mac, fault) < 0 ||
		    add_addresses(into, d, "host", &d->hosts, fault) < 0 ||
		    add_addresses(into, d, "guest", &d->guests, fault) < 0)
			return -1;
	}
	return 0;
}
