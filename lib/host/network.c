#include "host/network.h"

#include "core/mem.h"
#include "host/caps.h"
#include "host/interrupt.h"
#include "host/keeper.h"
#include "host/nat.h"
#include "host/netlock.h"
#include "host/netservice.h"
#include "host/taps.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

int network_user(struct network_user *user, struct fault *fault)
{
	user->limited = caps_standing() == CAPS_GIVEN;
	return caps_invoker(&user->uid, &user->gid, fault);
}

/* ---- up -----------------------------------------------------------------------------------------
 */

/* The process that answered a tap's DHCP before. */
static struct procid keeper_before(const struct tap *tap)
{
	struct tapmark before;

	return !tap->made && tapmark_read(tap->before.alias, &before) ? before.dhcp
								      : (struct procid){0};
}

/* A keeper of its own for each tap that has DHCP, so that each goes with its tap. One that was
 * there is replaced, since what it says may have changed; it ends when nothing can fail any more.
 */
static int answer_dhcp(struct taps *t, struct fault *fault)
{
	bool changed = false;

	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->items[i];
		const struct keeper keeper = {.service.unikernel = t->devices->unikernel,
		    .answered = &tap->device,
		    .answered_count = 1,
		    .first = t->devices->items};

		changed = changed || tap->mark.dhcp.pid || tap->device->dhcp;
		tap->mark.dhcp = (struct procid){0};
		if (tap->device->dhcp && keeper_start(&keeper, &tap->mark.dhcp, fault) < 0)
			return -1;
	}
	return changed ? taps_write_marks(t, fault) : 0;
}

/* The table of each that has NAT; and of each that had, none. */
static int translate(struct taps *t, struct fault *fault)
{
	struct netdev **devices = mem_zeroed(t->count, sizeof *devices);
	struct strv without A_CLEANUP(strv_free) = {0};
	struct tapmark before;
	size_t count = 0;
	int result;

	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->items[i];

		if (tap->mark.nat)
			devices[count++] = tap->device;
		else if (!tap->made && tapmark_read(tap->before.alias, &before) && before.nat)
			strv_add(&without, tap->device->tap);
	}
	result = netservice_nat(devices, count, &without, fault);
	free(devices);
	return result;
}

static void undo(struct taps *t)
{
	struct strv tables A_CLEANUP(strv_free) = {0};
	struct fault ignored; /* what led here is the fault to tell */
	int result = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->items[i];

		if (tap->mark.dhcp.pid != keeper_before(tap).pid)
			keeper_stop(tap->mark.dhcp);
		if (tap->made && tap->mark.nat)
			strv_add(&tables, tap->device->tap);
	}
	if (tables.count)
		result = nat_remove(&tables, &ignored);
	if (!taps_undo(t) || result < 0)
		return;
}

static int make(struct taps *t, struct fault *fault)
{
	if (taps_make(t, fault) < 0)
		return -1;
	/* the signal ends us when it is let through, and this message isn't seen then */
	if (interrupt_waits())
		fault_set(fault, EX_TEMPFAIL, "interrupted");
	else if (translate(t, fault) == 0 && answer_dhcp(t, fault) == 0 &&
		 taps_keep(t, fault) == 0) {
		for (size_t i = 0; i < t->count; i++)
			keeper_stop(keeper_before(&t->items[i]));
		return 0;
	}
	undo(t);
	return -1;
}

int network_up(struct netdevs *devices, const struct network_user *user, struct fault *fault)
{
	struct taps taps A_CLEANUP(taps_free) = {.devices = devices,
	    .stay = true,
	    .owner = user->uid,
	    .group = NO_ID,
	    .limited = user->limited};
	sigset_t before;
	int result;

	interrupt_hold(&before);
	result = make(&taps, fault);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

/* ---- down ---------------------------------------------------------------------------------------
 */

/* Is it of a guest of a bridge that is going? */
static bool goes_with_bridge(const struct tapgone *g, const char *table)
{
	struct buf bridge A_CLEANUP(buf_free) = {0};

	buf_add(&bridge, table, strcspn(table, "."));
	return nft_is_guest(table) && strv_has(&g->removed, buf_str(&bridge));
}

/* Tables whose tap, bridge or guest isn't there. */
static int find_orphans(const struct tapgone *g, struct strv *orphans, struct fault *fault)
{
	struct strv tables A_CLEANUP(strv_free) = {0}, gone A_CLEANUP(strv_free) = {0};

	if (nat_list(&tables, fault) < 0 || tapgone_find(&tables, &gone, fault) < 0)
		return -1;
	for (size_t i = 0; i < gone.count; i++)
		if (!strv_has(&g->removed, gone.items[i]) && !goes_with_bridge(g, gone.items[i]))
			strv_add(orphans, gone.items[i]);
	return 0;
}

/* With a bridge its guests' tables go. */
static int find_guests(struct tapgone *g, struct fault *fault)
{
	struct strv tables A_CLEANUP(strv_free) = {0};

	if (nat_list(&tables, fault) < 0)
		return -1;
	for (size_t i = 0; i < tables.count; i++)
		if (goes_with_bridge(g, tables.items[i]))
			strv_add(&g->translated, tables.items[i]);
	return 0;
}

static int take_down(struct tapgone *g, struct fault *fault)
{
	struct strv orphans A_CLEANUP(strv_free) = {0};

	if (tapgone_remove(g, fault) < 0)
		return -1;
	if (g->litter && caps_standing() == CAPS_ROOT && find_orphans(g, &orphans, fault) < 0)
		return -1;
	if (g->removed.count && find_guests(g, fault) < 0)
		return -1;
	if (!g->dry_run && g->translated.count &&
	    nat_remove_gone(&g->translated, tapgone_find, fault) < 0)
		return -1;
	/* the table of one that somebody else has removed */
	if (!g->dry_run && g->absent.count && caps_standing() == CAPS_ROOT &&
	    nat_remove_gone(&g->absent, tapgone_find, fault) < 0)
		return -1;
	if (!g->dry_run && orphans.count && nat_remove_gone(&orphans, tapgone_find, fault) < 0)
		return -1;
	for (size_t i = 0; i < orphans.count; i++)
		strv_addf(&g->removed, "table inet mirari-%s", orphans.items[i]);
	return 0;
}

int network_down(struct tapgone *g, struct fault *fault)
{
	int result;

	/* of two that take their guests from one bridge at once, the second is to see that it is
	 * the last */
	if (!g->devices)
		return take_down(g, fault);
	if (netlock_take(fault) < 0)
		return -1;
	result = take_down(g, fault);
	netlock_leave();
	return result;
}
