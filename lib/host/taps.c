#include "host/taps.h"

#include "core/fd.h"
#include "core/mem.h"
#include "core/num.h"
#include "host/tapgiven.h"
#include "host/tapholder.h"
#include "host/tapsetup.h"
#include "host/tun.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>

/* Others may make, hold and remove the same interface at the same moment: how often, and how long,
 * we look again before that is a fault. */
enum { TRIES = 20, LOOKS = 400, LOOKS_AT_FOREIGN = 60, LOOK_MS = 5 };

/* What functions here return beside 0 and -1: it has changed under us, look again. */
enum { AGAIN = 1 };

void taps_free(struct taps *t)
{
	for (size_t i = 0; i < t->count; i++) {
		fd_close(&t->items[i].fd);
		free(t->items[i].before_addresses.items);
	}
	free(t->items);
	t->items = NULL;
	t->count = 0;
	bridges_free(&t->bridges);
	netlink_close(&t->netlink);
}

/* ---- who may open it ----------------------------------------------------------------------------
 */

static bool number_of(const char *text, uid_t *id)
{
	uint64_t number;

	if (num_parse(text, 0, UINT_MAX - 1, &number) != NUM_OK)
		return false;
	*id = (uid_t)number;
	return true;
}

static int find_owner(const struct taps *t, struct tap *tap, struct fault *fault)
{
	const struct netdev *d = tap->device;

	tap->owner = t->owner;
	tap->group = t->group;
	if (d->owner && !number_of(d->owner, &tap->owner)) {
		const struct passwd *user = getpwnam(d->owner);

		if (!user)
			return fault_set(fault, EX_NOUSER, "net.%s.owner: there is no user %s",
			    d->name, d->owner);
		tap->owner = user->pw_uid;
	}
	if (d->group && !number_of(d->group, &tap->group)) {
		const struct group *group = getgrnam(d->group);

		if (!group)
			return fault_set(fault, EX_NOUSER, "net.%s.group: there is no group %s",
			    d->name, d->group);
		tap->group = group->gr_gid;
	}
	return 0;
}

/* By a file capability anybody may have us change interfaces. Should: let users have taps of their
 * own, named mir…, alone or in a bridge named like that. Mustn't: let them touch what others made,
 * or give a tap to somebody else. */
static int check_limits(const struct taps *t, const struct tap *tap, struct fault *fault)
{
	const struct netdev *d = tap->device;

	if (!t->limited)
		return 0;
	if (strncmp(d->tap, "mir", 3) || (d->bridge && strncmp(d->bridge, "mir", 3)))
		fault_set(fault, EX_NOPERM,
		    "%s: without being root only names that begin with mir are allowed",
		    strncmp(d->tap, "mir", 3) ? d->tap : d->bridge);
	else if (tap->owner != t->owner || tap->group != NO_ID)
		fault_set(
		    fault, EX_NOPERM, "%s: without being root it can't be given to others", d->tap);
	else if (d->nat || d->published_count)
		fault_set(fault, EX_NOPERM,
		    "%s: without being root NAT and published ports are not allowed", d->tap);
	else
		return 0;
	return fault_hint(fault, "sudo mirari-tap up …");
}

/* ---- one tap ------------------------------------------------------------------------------------
 */

static int find_ifindex(const struct taps *t, struct tap *tap)
{
	struct ifreq request = {.ifr_flags = 0};

	memcpy(request.ifr_name, tap->device->tap, IFNAMSIZ);
	if (ioctl(mnl_socket_get_fd(t->netlink.socket), SIOCGIFINDEX, &request) < 0)
		return AGAIN; /* deleted already */
	tap->link.ifindex = (unsigned)request.ifr_ifindex;
	memcpy(tap->link.name, tap->device->tap, IFNAMSIZ);
	return 0;
}

/* TUNSETGROUP takes no "none" (drivers/net/tun.c). */
static int keeps_group(const struct link *link, struct fault *fault)
{
	fault_set(fault, EX_CANTCREAT,
	    "%s: is for group %u only, and the kernel can't take that from a tap that is there",
	    link->name, link->group_owner);
	return fault_hint(
	    fault, "mirari-tap down %s, then again; or --group %u", link->name, link->group_owner);
}

/* One whose program has ended is about to be removed by its keeper, unless that was killed: so by
 * us, unless somebody has it open still. */
static int remove_litter(struct taps *t, struct tap *tap, int look, struct fault *fault)
{
	const struct links all = {.items = &tap->before, .count = 1};
	const bool goes = true;

	if (tap->before.carrier || (t->limited && tap->before.owner != t->owner))
		return look < LOOKS ? AGAIN : tap_in_use(TAP_ATTACH, tap->device->tap, fault);
	return links_delete(&t->netlink, &all, &goes, false, fault) < 0 ? -1 : AGAIN;
}

/* One that a program of exec is to open itself isn't anybody else's meanwhile. */
static int check_kept(struct taps *t, struct tap *tap, int look, struct fault *fault)
{
	struct buf whom A_CLEANUP(buf_free) = {0};
	struct tap_about about = {TAP_ATTACH, tap->device->tap, NULL};
	struct tapmark mark;

	if (!tapmark_read(tap->before.alias, &mark) || !mark.made_for.pid)
		return 0;
	if (!procid_is_alive(mark.made_for))
		return remove_litter(t, tap, look, fault);
	buf_printf(&whom, "it was made for process %d", (int)mark.made_for.pid);
	about.detail = buf_str(&whom);
	return tap_fault(&about, EBUSY, NULL, fault);
}

/* A tap that is there. AGAIN: it is in the making, or going, or held for a moment. */
static int adopt(struct taps *t, struct tap *tap, int look, struct fault *fault)
{
	const char *name = tap->device->tap;
	int found = link_find(&t->netlink, name, &tap->before, fault);
	bool unfinished = tap->before.kind == LINK_TAP && !tap->before.persistent;

	if (found <= 0)
		return found < 0 ? -1 : AGAIN;
	if (!link_is_our_tap(&tap->before)) {
		if (unfinished && !*tap->before.alias && look < LOOKS_AT_FOREIGN)
			return AGAIN;
		return tap_fault(&(struct tap_about){TAP_CREATE, name, NULL}, EBUSY, NULL, fault);
	}
	if (unfinished)
		return look < LOOKS ? AGAIN : tap_in_use(TAP_ATTACH, name, fault);
	found = check_kept(t, tap, look, fault);
	if (found)
		return found;
	if (t->limited && tap->before.owner != t->owner)
		return tap_fault(&(struct tap_about){TAP_ATTACH, name, NULL}, EPERM, NULL, fault);
	tap->link = tap->before;
	if (!t->stay)
		return tun_attach(name, &tap->fd, fault);
	if (tap->before.owner == tap->owner && tap->before.group_owner == tap->group)
		return 0;
	if (tap->group == NO_ID && tap->before.group_owner != NO_ID)
		return keeps_group(&tap->before, fault);
	return tun_attach(name, &tap->fd, fault);
}

static int open_one(struct taps *t, struct tap *tap, struct fault *fault)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

	for (int look = 0;; look++) {
		int got = tun_create(tap->device->tap, &tap->fd, fault);

		tap->made = got == 0;
		if (got < 0)
			return -1;
		if (got == 0) {
			if (tun_own(tap->fd, tap->device->tap, tap->owner, tap->group, fault) < 0)
				return -1;
			return find_ifindex(t, tap);
		}
		got = adopt(t, tap, look, fault);
		if (got != AGAIN)
			return got;
		nanosleep(&pause, NULL);
	}
}

/* ---- all of them --------------------------------------------------------------------------------
 */

static int make_all(struct taps *t, struct fault *fault)
{
	struct link_changes changes;
	int got;

	for (size_t i = 0; i < t->count; i++)
		if ((got = open_one(t, &t->items[i], fault)))
			return got;
	if (taps_read_before(t, fault) < 0)
		return -1;
	link_changes_start(&changes, &t->netlink);
	got = 0;
	for (size_t i = 0; got == 0 && i < t->count; i++)
		got = t->items[i].made || t->stay ? tap_set_up(t, &t->items[i], &changes, fault)
						  : tap_use(&t->items[i], fault);
	if (got == 0)
		got = link_changes_send(&changes, fault);
	if (got == 0)
		for (size_t i = 0; i < t->count; i++)
			t->items[i].device->ifindex = t->items[i].link.ifindex;
	return got < 0 && link_changes_vanished(&changes) ? AGAIN : got;
}

/* A descriptor for each tap until the end, and some more. */
static void allow_descriptors(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count + 64)
		return;
	limit.rlim_cur = limit.rlim_max < count + 64 ? limit.rlim_max : count + 64;
	/* where that isn't enough, opening the last ones says so */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void start(struct taps *t)
{
	t->count = t->devices->count;
	t->items = mem_zeroed(t->count, sizeof *t->items);
	for (size_t i = 0; i < t->count; i++) {
		t->items[i].device = &t->devices->items[i];
		t->items[i].fd = -1;
	}
}

int taps_make(struct taps *t, struct fault *fault)
{
	int got = AGAIN;

	start(t);
	for (size_t i = 0; i < t->count; i++)
		if (find_owner(t, &t->items[i], fault) < 0 ||
		    check_limits(t, &t->items[i], fault) < 0)
			return -1;
	if (netlink_open(&t->netlink, fault) < 0)
		return -1;
	allow_descriptors(t->count);
	for (int i = 0; got == AGAIN && i < TRIES; i++) {
		got = make_all(t, fault);
		if (got)
			taps_undo(t);
	}
	if (got == AGAIN)
		return fault_set(
		    fault, EX_TEMPFAIL, "somebody removes the interfaces as fast as they are made");
	return got;
}

int taps_write_marks(struct taps *t, struct fault *fault)
{
	struct link_changes changes;

	link_changes_start(&changes, &t->netlink);
	for (size_t i = 0; i < t->count; i++) {
		char alias[LINK_ALIAS_MAX];
		struct link_change change = {.link = &t->items[i].link, .alias = alias};

		tapmark_write(&t->items[i].mark, alias);
		if (link_change(&changes, &change, fault) < 0)
			return -1;
	}
	return link_changes_send(&changes, fault);
}

static int persist(const struct tap *tap, struct fault *fault)
{
	int got = tap->made ? tun_persist(tap->fd, tap->device->tap, fault) : 0;

	if (got > 0)
		return tap_fault(
		    &(struct tap_about){TAP_SET, tap->device->tap, NULL}, ENODEV, NULL, fault);
	return got;
}

int tap_let_go(struct tap *tap, struct fault *fault)
{
	if (persist(tap, fault) < 0)
		return -1;
	fd_close(&tap->fd);
	return 0;
}

int taps_keep(struct taps *t, struct fault *fault)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tap *tap = &t->items[i];

		if (tap->made || tap->fd < 0)
			continue;
		if (tun_own(tap->fd, tap->device->tap, tap->owner, tap->group, fault) < 0)
			return -1;
		tap->given = true;
	}
	for (size_t i = 0; i < t->count; i++)
		if (persist(&t->items[i], fault) < 0)
			return -1;
	for (size_t i = 0; i < t->count; i++)
		fd_close(&t->items[i].fd);
	return 0;
}

/* ---- and back -----------------------------------------------------------------------------------
 */

/* One that was there gets back what it had. */
static int take_back(struct taps *t, struct tap *tap)
{
	struct link_changes changes;
	struct fault ignored; /* what led here is the fault to tell */
	int result = 0;

	if (tap->given && tun_own(tap->fd, tap->before.name, tap->before.owner,
			      tap->before.group_owner, &ignored) < 0)
		result = -1;
	if (!tap->changed)
		return result;
	link_changes_start(&changes, &t->netlink);
	if (tap_restore(tap, &changes, &ignored) < 0 || link_changes_send(&changes, &ignored) < 0)
		return -1;
	return result;
}

static bool was_made(const struct taps *t, unsigned ifindex)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->items[i].made && t->items[i].link.ifindex == ifindex)
			return true;
	return false;
}

/* Those that aren't persistent yet would go as well when they are closed, but one by one. */
static int delete_made(struct taps *t)
{
	struct links all = {0};
	struct fault ignored;
	bool *goes;
	int result;

	if (links_read(&t->netlink, false, &all, &ignored) < 0)
		return -1;
	goes = mem_zeroed(all.count, sizeof *goes);
	for (size_t i = 0; i < all.count; i++)
		goes[i] = was_made(t, all.items[i].ifindex);
	result = links_delete(&t->netlink, &all, goes, false, &ignored);
	free(goes);
	links_free(&all);
	return result;
}

static void forget(struct tap *tap)
{
	fd_close(&tap->fd);
	free(tap->before_addresses.items);
	tap->before_addresses = (struct addresses){0};
	tap->link = tap->before = (struct link){0};
	tap->made = tap->changed = tap->given = false;
}

bool taps_undo(struct taps *t)
{
	bool done = true, made = false;

	for (size_t i = 0; i < t->count; i++) {
		done = take_back(t, &t->items[i]) == 0 && done;
		made = made || t->items[i].made;
	}
	if (made)
		done = delete_made(t) == 0 && done;
	done = bridges_undo(&t->bridges, &t->netlink) && done;
	bridges_free(&t->bridges);
	for (size_t i = 0; i < t->count; i++)
		forget(&t->items[i]);
	return done;
}
