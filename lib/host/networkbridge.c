#include "core/mem.h"
#include "host/caps.h"
#include "host/hostbridge.h"
#include "host/interrupt.h"
#include "host/keeper.h"
#include "host/nat.h"
#include "host/netlock.h"
#include "host/netservice.h"
#include "host/network.h"

#include <signal.h>
#include <stdlib.h>

/* Others may remove a bridge at the same moment: how often we begin anew. */
enum { TRIES = 20, AGAIN = 1 };

/* ---- nftables -----------------------------------------------------------------------------------
 */

/* A table for each bridge with NAT and each guest with published ports; with what they borrow. */
struct tables {
	struct nft_table *items;
	size_t count;
	struct netservice_table *guests;
	size_t guest_count;
	struct strv names, without;
};

static void tables_free(struct tables *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->items[i].publish_count)
			strv_free(&t->items[i].networks);
	for (size_t i = 0; i < t->guest_count; i++)
		netservice_table_free(&t->guests[i]);
	free(t->items);
	free(t->guests);
	strv_free(&t->names);
	strv_free(&t->without);
}

static void add_bridge(struct tables *t, const struct hostbridge *b)
{
	struct nft_table *table = &t->items[t->count];

	if (!b->mark.nat) {
		strv_add(&t->without, b->name);
		return;
	}
	*table = (struct nft_table){
	    .tap = b->name, .interface = b->name, .nat = true, .group = MARK_GROUP};
	for (size_t i = 0; i < b->now.count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		address_text(&b->now.items[i], &text);
		if (b->now.items[i].family == AF_INET)
			strv_add(&table->networks, buf_str(&text));
	}
	strv_add(&t->names, b->name);
	t->count++;
}

static void add_guest(struct tables *t, const struct hostguest *g)
{
	struct netservice_table *table = &t->guests[t->guest_count];
	struct buf name A_CLEANUP(buf_free) = {0};

	nft_guest(g->device->bridge, g->device->mac, &name);
	if (!g->device->published_count) {
		strv_add(&t->without, buf_str(&name));
		return;
	}
	netservice_guest_table_of(g->device, table);
	strv_add(&t->names, buf_str(&name));
	t->items[t->count++] = table->table;
	t->guest_count++;
}

static void tables_of(const struct hostbridges *h, struct tables *t)
{
	t->items = mem_zeroed(h->count + h->guest_count, sizeof *t->items);
	t->guests = mem_zeroed(h->guest_count, sizeof *t->guests);
	for (size_t i = 0; i < h->count; i++)
		if (h->items[i].ours)
			add_bridge(t, &h->items[i]);
	for (size_t i = 0; i < h->guest_count; i++)
		if (h->items[h->guests[i].bridge].ours)
			add_guest(t, &h->guests[i]);
}

static int translate(const struct hostbridges *h, const struct tables *t, struct fault *fault)
{
	for (size_t i = 0; i < h->guest_count; i++)
		if (netservice_check_ports(h->guests[i].device, fault) < 0)
			return -1;
	/* who may have none has none to lose */
	if (!t->count && (!t->without.count || caps_standing() != CAPS_ROOT))
		return 0;
	return nat_apply(t->items, t->count, &t->without, tapgone_find, fault);
}

/* ---- DHCP ---------------------------------------------------------------------------------------
 */

/* A keeper goes by what it finds: one that is there stays. */
static int answer_dhcp(struct hostbridges *h, struct fault *fault)
{
	for (size_t i = 0; i < h->count; i++) {
		struct hostbridge *b = &h->items[i];
		const struct keeper keeper = {.bridge = b->link.ifindex};

		if (b->ours && b->dhcp && !b->mark.dhcp.pid &&
		    keeper_start(&keeper, &b->mark.dhcp, fault) < 0)
			return -1;
	}
	return 0;
}

/* Those that were started now, or with `before` those that aren't wanted any more. */
static void stop_keepers(const struct hostbridges *h, bool before)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct hostbridge *b = &h->items[i];
		struct procid id = before ? b->mark_before.dhcp : b->mark.dhcp;

		if (b->ours && id.pid && !procid_same(b->mark.dhcp, b->mark_before.dhcp))
			keeper_stop(id);
	}
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

static void undo(struct hostbridges *h, const struct tables *t, bool translated)
{
	struct fault ignored; /* what led here is the fault to tell */

	bool done;

	stop_keepers(h, false);
	done = hostbridges_undo(h);
	if (translated && t->names.count)
		done = nat_remove_gone(&t->names, tapgone_find, &ignored) == 0 && done;
	(void)done; /* there is nobody to tell it */
}

static int make_once(struct hostbridges *h, struct fault *fault)
{
	struct tables tables A_CLEANUP(tables_free) = {.items = NULL};
	bool translated = false, vanished;

	if (hostbridges_make(h, fault) == 0) {
		tables_of(h, &tables);
		/* the signal ends us when it is let through, and this message isn't seen then */
		if (interrupt_waits())
			fault_set(fault, EX_TEMPFAIL, "interrupted");
		else if (answer_dhcp(h, fault) == 0 && translate(h, &tables, fault) == 0) {
			translated = true;
			if (hostbridges_mark(h, fault) == 0) {
				stop_keepers(h, true);
				return 0;
			}
		}
	}
	vanished = hostbridges_vanished(h);
	undo(h, &tables, translated);
	return vanished ? AGAIN : -1;
}

static int make(struct hostbridges *h, struct fault *fault)
{
	int got = AGAIN;

	if (netlock_take(fault) < 0)
		return -1;
	for (int i = 0; got == AGAIN && i < TRIES; i++)
		got = make_once(h, fault);
	netlock_leave();
	return got == AGAIN ? fault_set(fault, EX_TEMPFAIL,
				  "somebody removes the bridges as fast as they are made")
			    : got;
}

int network_bridge(
    struct netdevs *devices, bool kept, const struct network_user *user, struct fault *fault)
{
	struct hostbridges bridges A_CLEANUP(hostbridges_free) = {
	    .devices = devices, .kept = kept, .owner = user->uid, .limited = user->limited};
	sigset_t before;
	int result;

	if (hostbridges_plan(&bridges, fault) < 0)
		return -1;
	if (!bridges.count)
		return 0;
	interrupt_hold(&before);
	result = make(&bridges, fault);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
