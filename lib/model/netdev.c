#include "model/netdev.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/num.h"
#include "core/strset.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void netdevs_free(struct netdevs *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->items[i].hosts.items);
		free(n->items[i].guests.items);
		free(n->items[i].published);
	}
	free(n->items);
	strv_free(&n->names);
	*n = (struct netdevs){0};
}

const struct address *netdev_ipv4(const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].family == AF_INET)
			return &addresses->items[i];
	return NULL;
}

bool netdev_asks_host(const struct netdev *d)
{
	return d->hosts.count || d->dhcp || d->nat || d->published_count || d->bridge_create;
}

const char *netdev_bridge(const struct netdev *d)
{
	if (d->bridge)
		return d->bridge;
	return netdev_asks_host(d) ? d->tap : NULL;
}

const char *netdev_first(const struct rec *record, size_t *length)
{
	for (size_t i = 0; i < record->count; i++) {
		const char *key = record->fields[i].key;

		if (strncmp(key, "net.", strlen("net.")))
			continue;
		key += strlen("net.");
		*length = strcspn(key, ".");
		return key;
	}
	return NULL;
}

bool addresses_have(const struct addresses *all, const struct address *address)
{
	for (size_t i = 0; i < all->count; i++)
		if (address_same(&all->items[i], address))
			return true;
	return false;
}

void addresses_add(struct addresses *to, const struct address *address)
{
	to->items = mem_resize(to->items, to->count + 1, sizeof *to->items);
	to->items[to->count++] = *address;
}

void mac_text(const unsigned char mac[MAC_BYTES], struct buf *into)
{
	for (size_t i = 0; i < MAC_BYTES; i++)
		buf_printf(into, "%s%02x", i ? ":" : "", mac[i]);
}

/* The NUL between them keeps ("a", "bc") and ("ab", "c") apart. The low bits of FNV-1a vary most;
 * folding brings all of them in. */
static uint64_t hash_names(const char *one, const char *two)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	uint64_t hash;

	buf_add(&text, one, strlen(one) + 1);
	buf_adds(&text, two);
	hash = hash_bytes(buf_str(&text), text.length);
	hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
	return hash ^ hash >> 32;
}

void mac_derive(const char *one, const char *two, unsigned char into[MAC_BYTES])
{
	uint64_t hash = hash_names(one, two);

	into[0] = 0x02;
	for (size_t i = 1; i < MAC_BYTES; i++, hash >>= 8)
		into[i] = (unsigned char)hash;
}

static void derive_tap(const char *unikernel, const char *device, char into[IFNAMSIZ])
{
	/* no vowels: no words */
	static const char digits[] = "0123456789bcdfghjkmnpqrstvwxyz";
	uint64_t hash = hash_names(device, unikernel);

	snprintf(into, IFNAMSIZ, "mir");
	for (size_t i = 3; i < 11; i++, hash /= sizeof digits - 1)
		into[i] = digits[hash % (sizeof digits - 1)];
	into[11] = '\0';
}

void mac_parse(const char *text, unsigned char into[MAC_BYTES])
{
	for (size_t i = 0; i < MAC_BYTES; i++)
		into[i] = (unsigned char)strtoul(text + 3 * i, NULL, 16);
}

/* One field of a device. Values have been checked. */
static void take(struct netdev *d, const char *key, const char *value)
{
	struct address address;
	uint64_t number;

	if (!strcmp(key, "host") && address_parse(value, &address)) {
		addresses_add(&d->hosts, &address);
	} else if (!strcmp(key, "guest") && address_parse(value, &address)) {
		addresses_add(&d->guests, &address);
	} else if (!strcmp(key, "tap")) {
		snprintf(d->tap, sizeof d->tap, "%s", value);
	} else if (!strcmp(key, "bridge")) {
		d->bridge = value;
	} else if (!strcmp(key, "bridge-create")) {
		d->bridge_create = !strcmp(value, "true");
	} else if (!strcmp(key, "mac")) {
		mac_parse(value, d->mac);
	} else if (!strcmp(key, "mtu") && num_parse(value, 0, 65535, &number) == NUM_OK) {
		d->mtu = (unsigned)number;
	} else if (!strcmp(key, "dhcp")) {
		d->dhcp = !strcmp(value, "true");
	} else if (!strcmp(key, "nat")) {
		d->nat = !strcmp(value, "true");
	} else if (!strcmp(key, "publish")) {
		d->published =
		    mem_resize(d->published, d->published_count + 1, sizeof *d->published);
		if (publish_parse(value, &d->published[d->published_count]))
			d->published_count++;
	} else if (!strcmp(key, "owner")) {
		d->owner = value;
	} else if (!strcmp(key, "group")) {
		d->group = value;
	}
}

/* The device that a key is about, new or known. */
static struct netdev *device_of(
    struct netdevs *n, const char *name, size_t length, struct strset *seen)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	uint32_t index = (uint32_t)n->count;

	buf_add(&text, name, length);
	if (!strset_add(seen, buf_str(&text), &index))
		return &n->items[index];
	strv_add(&n->names, buf_str(&text));
	/* the room is doubled whenever it is full, which is when the number is a power of two */
	if ((n->count & (n->count - 1)) == 0)
		n->items = mem_resize(n->items, n->count ? 2 * n->count : 1, sizeof *n->items);
	n->items[n->count] = (struct netdev){.name = n->names.items[n->count]};
	return &n->items[n->count++];
}

static void collect(const struct rec *record, struct netdevs *n)
{
	struct strset seen A_CLEANUP(strset_free) = {0};

	for (size_t i = 0; i < record->count; i++) {
		const char *key = record->fields[i].key, *name = key + strlen("net."), *dot;

		if (strncmp(key, "net.", strlen("net.")) || !(dot = strchr(name, '.')))
			continue;
		take(device_of(n, name, (size_t)(dot - name), &seen), dot + 1,
		    record->fields[i].value);
	}
}

/* The first device's, as the unikernel was told. */
static bool configured_guest(
    const struct rec *record, const struct netdev *d, struct address *guest)
{
	const struct address *host = netdev_ipv4(&d->hosts);
	const char *address = rec_get(record, "ip.address");
	const char *netmask = rec_get(record, "ip.netmask");
	const char *dhcp = rec_get(record, "ip.dhcp");
	struct in_addr mask;

	if (!address || (dhcp && !strcmp(dhcp, "true")))
		return false;
	*guest = (struct address){.family = AF_INET, .prefix = host ? host->prefix : 32};
	if (inet_pton(AF_INET, address, guest->bytes) != 1)
		return false;
	if (netmask && inet_pton(AF_INET, netmask, &mask) == 1)
		guest->prefix = (unsigned)__builtin_popcount(mask.s_addr);
	return true;
}

static void complete_guests(const struct rec *record, struct netdev *d, bool first)
{
	struct address guest;
	bool told = first && configured_guest(record, d, &guest);

	if (d->guests.count)
		return;
	if (told)
		addresses_add(&d->guests, &guest);
	for (size_t i = 0; i < d->hosts.count; i++)
		if ((!told || d->hosts.items[i].family == AF_INET6) &&
		    address_neighbour(&d->hosts.items[i], &guest))
			addresses_add(&d->guests, &guest);
}

/* The kernel takes some that it does nothing with. */
static int check_unicast(
    const struct netdev *d, const char *key, const struct addresses *addresses, struct fault *fault)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		if (address_is_unicast(&addresses->items[i]))
			continue;
		address_text(&addresses->items[i], &text);
		fault_set(fault, EX_DATAERR, "net.%s.%s: %s can't be an interface's address",
		    d->name, key, buf_str(&text));
		return fault_hint(
		    fault, "choose one of a private network, such as 10.0.0.1/24 or fd00::1/64");
	}
	return 0;
}

/* What answers, translates or leads to the guest has to know both sides' addresses. An interface
 * that is made too small for IPv6 loses its addresses in silence. */
static int check_addresses(const struct netdev *d, struct fault *fault)
{
	const struct {
		bool wanted;
		const char *key;
	} needs[] = {{d->dhcp, "dhcp"}, {d->nat, "nat"}, {d->published_count, "publish"}};

	if (check_unicast(d, "host", &d->hosts, fault) < 0 ||
	    check_unicast(d, "guest", &d->guests, fault) < 0)
		return -1;
	for (size_t i = 0; i < d->hosts.count; i++)
		if (d->hosts.items[i].family == AF_INET6 && d->mtu && d->mtu < IPV6_MTU_MIN)
			return fault_set(fault, EX_DATAERR,
			    "net.%s.mtu: %u is too small for IPv6, which needs %d", d->name, d->mtu,
			    IPV6_MTU_MIN);
	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		if (!needs[i].wanted || (netdev_ipv4(&d->hosts) && netdev_ipv4(&d->guests)))
			continue;
		fault_set(fault, EX_DATAERR, "net.%s.%s: needs %s IPv4 address", d->name,
		    needs[i].key, netdev_ipv4(&d->hosts) ? "the guest's" : "the host's");
		return fault_hint(fault, "add net.%s.%s, such as 10.0.0.%d/24", d->name,
		    netdev_ipv4(&d->hosts) ? "guest" : "host", netdev_ipv4(&d->hosts) ? 2 : 1);
	}
	return 0;
}

/* The first would get the connections, and the second none. */
static int check_published(const struct netdev *d, struct fault *fault)
{
	for (size_t i = 1; i < d->published_count; i++)
		for (size_t k = 0; k < i; k++)
			if (publish_same_port(&d->published[i], &d->published[k]))
				return fault_set(fault, EX_DATAERR,
				    "net.%s.publish: the host's port %u is wanted twice", d->name,
				    (unsigned)d->published[i].host);
	return 0;
}

static int complete(
    const struct rec *record, struct netdevs *n, struct netdev *d, struct fault *fault)
{
	static const unsigned char none[MAC_BYTES];

	if (strlen(d->name) > DEVICE_NAME_MAX)
		return fault_set(fault, EX_DATAERR, "net.%.20s...: a name of more than %d bytes",
		    d->name, DEVICE_NAME_MAX);
	if (d->bridge_create && !d->bridge)
		return fault_set(fault, EX_DATAERR,
		    "net.%s.bridge-create: there is no net.%s.bridge", d->name, d->name);
	if (!*d->tap && !*n->unikernel) {
		fault_set(fault, EX_DATAERR, "net.%s: the record has no name to name the tap by",
		    d->name);
		return fault_hint(
		    fault, "--set name=NAME, or --set net.%s.tap=TAP, gives one", d->name);
	}
	if (!*d->tap)
		derive_tap(n->unikernel, d->name, d->tap);
	d->mac_given = memcmp(d->mac, none, sizeof none) != 0;
	if (!d->mac_given)
		mac_derive(n->unikernel, d->name, d->mac);
	complete_guests(record, d, d == n->items);
	return check_published(d, fault) < 0 ? -1 : check_addresses(d, fault);
}

/* Two devices can't have one tap, nor one address of the host unless a bridge has it. */
static int check_apart(const struct netdevs *n, struct fault *fault)
{
	struct strset seen A_CLEANUP(strset_free) = {0};

	for (size_t i = 0; i < n->count; i++) {
		const struct netdev *d = &n->items[i];
		uint32_t other = (uint32_t)i;

		if (!strset_add(&seen, d->tap, &other))
			return fault_set(fault, EX_DATAERR, "net.%s.tap: %s is the tap of net.%s",
			    d->name, d->tap, n->items[other].name);
		for (size_t k = 0; k < d->hosts.count && !d->bridge; k++) {
			struct buf text A_CLEANUP(buf_free) = {0};

			address_alone(&d->hosts.items[k], &text);
			other = (uint32_t)i;
			if (!strset_add(&seen, buf_str(&text), &other))
				return fault_set(fault, EX_DATAERR,
				    "net.%s.host: %s is the host's address of net.%s", d->name,
				    buf_str(&text), n->items[other].name);
		}
	}
	return 0;
}

int netdevs_read(const struct rec *record, struct netdevs *into, struct fault *fault)
{
	const char *name = rec_get(record, "name");

	into->unikernel = name ? name : "";
	collect(record, into);
	for (size_t i = 0; i < into->count; i++)
		if (complete(record, into, &into->items[i], fault) < 0)
			return -1;
	return check_apart(into, fault);
}
