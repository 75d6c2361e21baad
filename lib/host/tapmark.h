/*
 * How interfaces of ours are told from others: by their link group, and by an alias that begins
 * with "mirari ". Both live in the kernel with the interface, so nothing on disk can be stale. The
 * alias also keeps what a later command has to know:
 *
 *     mirari UNIKERNEL/DEVICE mac=MAC [guest=ADDRESS/PREFIX] [nat] [dhcp=PID.STARTED]
 *            [for=PID.STARTED]
 *     mirari bridge owner=UID [kept] [wanted=SECONDS] [nat] [dhcp=PID.STARTED]
 *            [for=PID.STARTED]
 *
 * With `nat` the tap has an nftables table (host/nat.h). `dhcp` is the process that answers the
 * guest's DHCP. `for` is the program that the tap was made for by mirari-tap exec: when it has
 * ended, the tap is litter.
 *
 * Without `kept` and `wanted` a bridge is one of taps, and goes with the last of them. `kept` is
 * one that was asked for by its name. `wanted` is one for the guests of records, and when that was
 * last asked for, by a clock that begins with the machine. `for` is who is making it: when that has
 * ended, it is half made.
 */
#ifndef MIRARI_HOST_TAPMARK_H
#define MIRARI_HOST_TAPMARK_H

#include "core/attr.h"
#include "core/procid.h"
#include "host/link.h"
#include "model/netdev.h"
#include "model/value.h"

#include <stdbool.h>
#include <stdint.h>

/* Link groups (IFLA_GROUP; `ip link show group 2013`). What is about to be deleted is moved to the
 * second, since the kernel deletes a group at the price of one interface. */
enum { MARK_GROUP = 2013, MARK_GROUP_DOOMED = 20130 };

struct tapmark {
	char unikernel[VALUE_NAME_MAX + 1]; /* "" where there is none */
	char device[DEVICE_NAME_MAX + 1];
	char mac[18];
	char guest[INET_ADDRSTRLEN + 3]; /* IPv4 */
	bool nat;
	struct procid dhcp, made_for;
};

/* What the alias of this device's tap says. */
void tapmark_of(const struct netdev *device, const char *unikernel, struct tapmark *into);

void tapmark_write(const struct tapmark *mark, char into[LINK_ALIAS_MAX]);

/* False for an alias that isn't one of a tap of ours. */
bool tapmark_read(const char *alias, struct tapmark *into) A_MUST_CHECK;

struct bridgemark {
	uid_t owner; /* who has made it: nobody else but root may change it */
	bool kept;
	int64_t wanted; /* in seconds of clock_ms; 0: it isn't */
	bool nat;
	struct procid dhcp, made_for;
};

void bridgemark_write(const struct bridgemark *mark, char into[LINK_ALIAS_MAX]);

/* False for an alias that isn't one of a bridge of ours. */
bool bridgemark_read(const char *alias, struct bridgemark *into) A_MUST_CHECK;

/* The alias of a bridge that this user has made for taps. */
void tapmark_write_bridge(uid_t owner, char into[LINK_ALIAS_MAX]);

/* How the MAC addresses of our bridges begin: locally administered, no group's. */
#define MARK_BRIDGE_MAC "\x02mi"
enum { MARK_BRIDGE_MAC_BYTES = 3 };

/* Is it a tap (a bridge) of ours? A bridge in our group with such a MAC address but without any
 * alias is one whose maker was killed before it could write it. */
bool link_is_our_tap(const struct link *link);
bool link_is_our_bridge(const struct link *link);
bool link_is_ours(const struct link *link); /* either of them */

/* Whose it is: who may open the tap, or has made the bridge; NO_ID when that can't be told. */
uid_t link_owner(const struct link *link);

#endif
