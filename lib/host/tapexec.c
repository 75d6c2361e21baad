#include "host/tapexec.h"

#include "core/mem.h"
#include "core/proc.h"
#include "host/caps.h"
#include "host/compat2013.h"
#include "host/handover.h"
#include "host/interrupt.h"
#include "host/invoker.h"
#include "host/keeper.h"
#include "host/rootless.h"
#include "host/tapcheck.h"
#include "host/taps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMPAT_MS = 30000 };

/* ---- a network of its own -----------------------------------------------------------------------
 */

static void add_addresses(const char *option, const struct addresses *all, struct buf *into)
{
	for (size_t i = 0; i < all->count; i++) {
		buf_printf(into, " %s ", option);
		address_text(&all->items[i], into);
	}
}

/* Are the guests what `mirari-tap up` takes them for, given the hosts? */
static bool are_neighbours(const struct netdev *d)
{
	size_t found = 0;

	for (size_t i = 0; i < d->hosts.count; i++) {
		struct address guest;

		if (!address_neighbour(&d->hosts.items[i], &guest))
			continue;
		if (found >= d->guests.count || !address_same(&d->guests.items[found++], &guest))
			return false;
	}
	return found == d->guests.count;
}

static void add_published(const struct publish *p, struct buf *into)
{
	char address[INET_ADDRSTRLEN];

	buf_adds(into, " -p ");
	if (p->address.s_addr)
		buf_printf(into, "%s:", inet_ntop(AF_INET, &p->address, address, sizeof address));
	buf_printf(into, "%u:%u%s", (unsigned)p->host, (unsigned)p->guest, p->udp ? "/udp" : "");
}

/* A tap that tap_use takes for this device's. */
static void one_up(const struct netdev *d, struct buf *into)
{
	buf_printf(into, "sudo mirari-tap up %s", d->tap);
	add_addresses("--host", &d->hosts, into);
	if (!are_neighbours(d))
		add_addresses("--guest", &d->guests, into);
	if (d->bridge)
		buf_printf(
		    into, " --bridge %s%s", d->bridge, d->bridge_create ? " --create-bridge" : "");
	if (d->mac_given) {
		buf_adds(into, " --mac ");
		mac_text(d->mac, into);
	}
	if (d->mtu)
		buf_printf(into, " --mtu %u", d->mtu);
	if (d->dhcp)
		buf_adds(into, " --dhcp");
	if (d->nat)
		buf_adds(into, " --nat");
	for (size_t i = 0; i < d->published_count; i++)
		add_published(&d->published[i], into);
	buf_adds(into, " --owner $USER");
}

/* What root would type once, so that this user needs no root later. A tap that is there would be
 * changed by that. */
static void one_time_command(const struct netdevs *devices, struct buf *into)
{
	for (size_t i = 0; i < devices->count; i++) {
		struct tapcheck there;

		tapcheck_look(devices->items[i].tap, &there);
		if (there.mac[0])
			continue;
		if (into->length)
			buf_adds(into, " && ");
		one_up(&devices->items[i], into);
	}
}

static int enter_rootless(const struct tapexec *e, struct fault *fault)
{
	struct strv addresses A_CLEANUP(strv_free) = {0};
	struct buf instead A_CLEANUP(buf_free) = {0};
	struct rootless_port *ports = NULL;
	struct rootless want = {.count = 0};
	int result;

	for (size_t i = 0; i < e->devices->count; i++) {
		const struct netdev *d = &e->devices->items[i];

		for (size_t k = 0; k < d->published_count; k++) {
			const struct publish *p = &d->published[k];
			char text[INET_ADDRSTRLEN];

			ports = mem_resize(ports, want.count + 1, sizeof *ports);
			strv_add(&addresses, inet_ntop(AF_INET, &p->address, text, sizeof text));
			ports[want.count++] = (struct rootless_port){.udp = p->udp,
			    .port = p->host,
			    .address = addresses.items[addresses.count - 1]};
		}
	}
	one_time_command(e->devices, &instead);
	want.ports = ports;
	want.instead = instead.length ? buf_str(&instead) : NULL;
	/* the namespace is the user's own, where nobody else is known */
	result = invoker_become(e->uid, e->gid, fault) < 0 ? -1 : rootless_enter(&want, fault);
	free(ports);
	for (size_t i = 0; result == 0 && i < e->devices->count; i++) {
		struct netdev *d = &e->devices->items[i];

		/* nobody else is there who could open it */
		d->owner = d->group = NULL;
		/* the only way out of there */
		d->nat = netdev_ipv4(&d->hosts) && netdev_ipv4(&d->guests);
		/* a port that is for one address of the host arrives at another */
		for (size_t k = 0; k < d->published_count; k++)
			d->published[k].address.s_addr = 0;
	}
	return result;
}

/* ---- what doesn't vanish by itself --------------------------------------------------------------
 */

static int start_keeper(const struct tapexec *e, const struct taps *taps,
    const struct handover *handover, struct fault *fault)
{
	struct in_addr dns;
	struct netdev **answered = mem_zeroed(taps->count, sizeof *answered);
	struct netdev **translated = mem_zeroed(taps->count, sizeof *translated);
	struct keeper keeper = {.service.unikernel = e->devices->unikernel,
	    .answered = answered,
	    .translated = translated,
	    .first = e->devices->items,
	    .for_program = true};
	bool needed = false;
	struct procid ignored;
	int result = 0;

	if (e->rootless && inet_pton(AF_INET, ROOTLESS_DNS, &dns) == 1) {
		keeper.service.nameservers = &dns;
		keeper.service.nameserver_count = 1;
	}
	for (size_t i = 0; i < taps->count; i++) {
		struct netdev *d = taps->items[i].device;

		/* what `mirari-tap up` has made it has looked after, too */
		if (!taps->items[i].made)
			continue;
		if (d->dhcp)
			answered[keeper.answered_count++] = d;
		if (d->nat || d->published_count)
			translated[keeper.translated_count++] = d;
		needed = needed || handover->by_name[i];
	}
	if (needed || keeper.answered_count || keeper.translated_count)
		result = keeper_start(&keeper, &ignored, fault);
	free(answered);
	free(translated);
	return result;
}

/* A bridge, unlike a tap, stays when its maker is killed. What clears it away has to be there
 * before it is made. */
static int guard_bridges(const struct tapexec *e, struct fault *fault)
{
	const struct keeper guard = {.for_program = true};
	struct procid ignored;

	for (size_t i = 0; i < e->devices->count; i++)
		if (e->devices->items[i].bridge_create)
			return keeper_start(&guard, &ignored, fault);
	return 0;
}

/* ---- the program --------------------------------------------------------------------------------
 */

/* Those that the program opens itself have to stay until it does. */
static int let_go(struct taps *taps, const struct handover *handover, struct fault *fault)
{
	for (size_t i = 0; i < taps->count; i++)
		if (handover->by_name[i] && tap_let_go(&taps->items[i], fault) < 0)
			return -1;
	return 0;
}

/* In a process beside the program: hands over each device once it listens. */
static void hand_over_2013(const struct tapexec *e, const struct taps *taps, struct child *program)
{
	struct fault fault;

	for (size_t i = 0; i < taps->count; i++)
		if (compat2013_hand_over(program, e->uid, taps->items[i].device->name,
			taps->items[i].fd, COMPAT_MS, &fault) < 0) {
			e->complain(&fault);
			break;
		}
	compat2013_close(program->pid, e->uid);
}

/* As a grandchild, so that the program has no child that it didn't start. */
static int start_2013(const struct tapexec *e, const struct taps *taps, struct fault *fault)
{
	struct child program = {.pid = getpid(), .ended = pidfd_open(getpid(), 0)};
	pid_t between;
	int ignored;

	if (program.ended < 0)
		return fault_errno(fault, EX_OSERR, errno, "pidfd_open");
	between = fork();
	if (between < 0)
		return fault_errno(fault, EX_OSERR, errno, "fork");
	if (between == 0) {
		if (fork() == 0)
			hand_over_2013(e, taps, &program);
		_exit(0);
	}
	while (waitpid(between, &ignored, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* Should: run the program as the user who has started us, with no capability. Mustn't: give it a
 * way back to what we could do. In a network of its own that user was become before. */
static int give_up_rights(const struct tapexec *e, struct fault *fault)
{
	if (!e->rootless && invoker_become(e->uid, e->gid, fault) < 0)
		return -1;
	return caps_drop_all(fault);
}

static int become(struct tapexec *e, struct taps *taps, struct handover *handover,
    const sigset_t *before, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0};

	if (e->compat_2013) {
		if (start_2013(e, taps, fault) < 0)
			return -1;
		/* they don't go by inheritance */
		for (size_t i = 0; i < taps->count; i++)
			handover->by_name[i] = true;
	}
	if (handover_prepare(handover, taps, &words, fault) < 0 || give_up_rights(e, fault) < 0)
		return -1;
	sigprocmask(SIG_SETMASK, before, NULL);
	return proc_exec(&words, fault);
}

/* To one who may not make taps: what somebody who may would type, for exactly these. */
static void advise(const struct tapexec *e, struct fault *fault)
{
	struct buf command A_CLEANUP(buf_free) = {0};

	if (fault->status != EX_NOPERM || caps_have(CAP_NET_ADMIN))
		return;
	one_time_command(e->devices, &command);
	fault_hint(fault,
	    "once: %s; or, which needs no root: mirari-tap exec --rootless (mirari run "
	    "--rootless)",
	    buf_str(&command));
}

/* By a socket each device goes under its name, and the program doesn't ask for it otherwise. */
static int check_2013(const struct tapexec *e, const struct handover *handover, struct fault *fault)
{
	if (handover->named)
		return fault_set(fault, EX_USAGE,
		    "%%{fd:} and %%{tap:} don't go with --compat-2013, which hands devices over "
		    "by a socket");
	for (size_t i = 0; i < e->devices->count; i++)
		if (compat2013_check(e->devices->items[i].name, fault) < 0)
			return -1;
	return 0;
}

/* What can be wrong with the command is seen before anything is made. */
static int plan(const struct tapexec *e, struct handover *handover, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	if (!e->devices->count) {
		fault_set(fault, EX_USAGE, "there is no device");
		return fault_hint(fault, "mirari-tap exec --host 10.0.0.1/24 -- COMMAND, or --set "
					 "net.NAME.host=10.0.0.1/24, or --record");
	}
	if (proc_locate(e->command->items[0], &path, fault) < 0 ||
	    handover_plan(handover, e->command, e->devices, fault) < 0)
		return -1;
	return e->compat_2013 ? check_2013(e, handover, fault) : 0;
}

int tapexec(struct tapexec *e, struct fault *fault)
{
	struct handover handover A_CLEANUP(handover_free) = {0};
	struct taps taps A_CLEANUP(taps_free) = {.devices = e->devices,
	    .owner = e->uid,
	    .group = NO_ID,
	    .limited = e->limited,
	    .made_for = procid_of(getpid())};
	sigset_t before;

	if (plan(e, &handover, fault) < 0 || (e->rootless && enter_rootless(e, fault) < 0))
		return -1;
	/* from here on a signal ends us only when a keeper is there to clean up, or nothing is to
	 * be cleaned up any more */
	interrupt_hold(&before);
	if (guard_bridges(e, fault) == 0 && taps_make(&taps, fault) == 0) {
		if (start_keeper(e, &taps, &handover, fault) == 0 &&
		    let_go(&taps, &handover, fault) == 0)
			become(e, &taps, &handover, &before, fault);
		taps_undo(&taps);
	} else {
		advise(e, fault);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return -1;
}
