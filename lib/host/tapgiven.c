#include "host/tapgiven.h"

#include "host/tapmark.h"

#include <net/if.h>
#include <string.h>

static int differs(const struct tap *tap, const char *what, struct fault *fault)
{
	const struct netdev *d = tap->device;

	fault_set(fault, EX_CANTCREAT, "%s is there, but %s", d->tap, what);
	return fault_hint(fault,
	    "change it: sudo mirari-tap up %s --owner $USER …; or take another: "
	    "--set net.%s.tap=NAME",
	    d->tap, d->name);
}

static int check_addresses(const struct tap *tap, struct fault *fault)
{
	const struct netdev *d = tap->device;
	const struct addresses *has = &tap->before_addresses;

	for (size_t i = 0; i < d->hosts.count && !d->bridge; i++) {
		struct buf what A_CLEANUP(buf_free) = {0};
		bool found = false;

		for (size_t k = 0; k < has->count; k++)
			found = found || address_same(&has->items[k], &d->hosts.items[i]);
		if (found)
			continue;
		buf_adds(&what, "doesn't have the address ");
		address_text(&d->hosts.items[i], &what);
		return differs(tap, buf_str(&what), fault);
	}
	return 0;
}

static int check_link(const struct tap *tap, struct fault *fault)
{
	const struct netdev *d = tap->device;
	const struct link *link = &tap->before;
	struct buf what A_CLEANUP(buf_free) = {0};

	if (!(link->flags & IFF_UP))
		buf_adds(&what, "is down");
	else if (d->mtu && d->mtu != link->mtu)
		buf_printf(&what, "has an MTU of %u, not %u", link->mtu, d->mtu);
	else if (d->bridge && (!link->master || link->master != if_nametoindex(d->bridge)))
		buf_printf(&what, "isn't in the bridge %s", d->bridge);
	else if (!d->bridge && link->master)
		buf_adds(&what, "is in a bridge");
	else
		return 0;
	return differs(tap, buf_str(&what), fault);
}

/* What answers, translates and publishes belongs to the tap, and goes by the guest it has got. */
static int check_services(const struct tap *tap, const struct tapmark *mark, struct fault *fault)
{
	const struct netdev *d = tap->device;
	const struct address *guest = netdev_ipv4(&d->guests);
	struct buf mac A_CLEANUP(buf_free) = {0}, address A_CLEANUP(buf_free) = {0};
	struct buf what A_CLEANUP(buf_free) = {0};
	bool translated = d->nat || d->published_count;

	mac_text(d->mac, &mac);
	if (guest)
		address_text(guest, &address);
	if (d->mac_given && strcmp(buf_str(&mac), mark->mac))
		buf_printf(
		    &what, "is for a guest with the MAC %s, not %s", mark->mac, buf_str(&mac));
	else if ((d->dhcp || translated) && strcmp(buf_str(&address), mark->guest))
		buf_printf(&what, "is for a guest with the address %s, not %s",
		    mark->guest[0] ? mark->guest : "of its own choice", buf_str(&address));
	else if (d->dhcp && !procid_is_alive(mark->dhcp))
		buf_adds(&what, "nobody answers DHCP on it");
	else if (translated && !mark->nat)
		buf_adds(&what, "has neither NAT nor published ports");
	else
		return 0;
	return differs(tap, buf_str(&what), fault);
}

int tap_use(struct tap *tap, struct fault *fault)
{
	if (!tapmark_read(tap->before.alias, &tap->mark) ||
	    strlen(tap->mark.mac) != sizeof tap->mark.mac - 1)
		return differs(tap, "isn't made by mirari", fault);
	if (check_link(tap, fault) < 0 || check_addresses(tap, fault) < 0 ||
	    check_services(tap, &tap->mark, fault) < 0)
		return -1;
	if (!tap->device->mac_given)
		mac_parse(tap->mark.mac, tap->device->mac);
	return 0;
}
