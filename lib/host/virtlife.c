#include "host/virtlife.h"

#include "core/clock.h"
#include "host/virterror.h"
#include "render/domxml.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAUSE_MAX_S = 30,
	CONNECT_MS = 20000,  /* how long a connection is waited for, to stop it */
	DESTROYED_MS = 10000 /* how long libvirt may take to tell of what it has destroyed */
};

enum shutdown_reason virtlife_reason(int detail)
{
	switch (detail) {
	case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
		return SHUTDOWN_POWEROFF;
	case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
		return SHUTDOWN_DESTROYED;
	case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
		return SHUTDOWN_CRASH;
	case VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
	case VIR_DOMAIN_EVENT_STOPPED_SAVED:
		return SHUTDOWN_SUSPEND;
	default:
		return SHUTDOWN_UNKNOWN;
	}
}

/* The same of the reason that a domain which isn't running is kept with. */
static enum shutdown_reason of_shutoff(int reason)
{
	switch (reason) {
	case VIR_DOMAIN_SHUTOFF_SHUTDOWN:
		return SHUTDOWN_POWEROFF;
	case VIR_DOMAIN_SHUTOFF_DESTROYED:
		return SHUTDOWN_DESTROYED;
	case VIR_DOMAIN_SHUTOFF_CRASHED:
		return SHUTDOWN_CRASH;
	case VIR_DOMAIN_SHUTOFF_MIGRATED:
	case VIR_DOMAIN_SHUTOFF_SAVED:
		return SHUTDOWN_SUSPEND;
	default:
		return SHUTDOWN_UNKNOWN;
	}
}

static void end(struct virtlife *l, int reason)
{
	if (l->ended)
		return;
	l->ended = true;
	l->reason = reason;
}

static int on_event(
    virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
	(void)connection, (void)domain;
	if (event == VIR_DOMAIN_EVENT_STOPPED)
		end(data, virtlife_reason(detail));
	return 0;
}

/* Events come from here on; what was before is asked. */
static int watch(struct virtlife *l, struct fault *fault)
{
	int state, reason;

	l->callback = virConnectDomainEventRegisterAny(l->virt->connection, l->domain,
	    VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_event), l, NULL);
	if (l->callback < 0)
		return virterror_fault(fault, "watch %s", l->name);
	if (virDomainGetState(l->domain, &state, &reason, 0) < 0) {
		if (virGetLastError() && virGetLastError()->code == VIR_ERR_NO_DOMAIN)
			end(l, SHUTDOWN_UNKNOWN);
		else
			return virterror_fault(fault, "the state of %s", l->name);
	} else if (state == VIR_DOMAIN_SHUTOFF) {
		end(l, of_shutoff(reason));
	}
	return 0;
}

static void unwatch(struct virtlife *l)
{
	if (!l->domain)
		return;
	if (l->callback >= 0)
		(void)virConnectDomainEventDeregisterAny(l->virt->connection, l->callback);
	l->callback = -1;
	(void)virDomainFree(l->domain);
	l->domain = NULL;
}

/* The element comes as libvirt writes it, by libxml2: with either quotes. */
static bool is_deaf(virDomainPtr domain)
{
	char *element = virDomainGetMetadata(
	    domain, VIR_DOMAIN_METADATA_ELEMENT, DOMXML_NAMESPACE, VIR_DOMAIN_AFFECT_CURRENT);
	bool deaf =
	    element && (strstr(element, DOMXML_DEAF) || strstr(element, "shutdown=\"ignored\""));

	free(element);
	return deaf;
}

int virtlife_start(struct virtlife *l, virDomainPtr domain, struct fault *fault)
{
	l->domain = domain;
	l->callback = -1;
	l->reason = SHUTDOWN_UNKNOWN;
	if (virDomainGetUUID(domain, l->uuid) < 0)
		return virterror_fault(fault, "the UUID of %s", l->name);
	l->deaf = l->virt->driver == VIRT_XEN && is_deaf(domain);
	return watch(l, fault);
}

void virtlife_free(struct virtlife *l)
{
	unwatch(l);
}

/* ---- stopping -----------------------------------------------------------------------------------
 */

/* That it doesn't listen is seen by its going on. */
static void ask_to_end(const struct virtlife *l)
{
	if (l->domain && !l->ended)
		(void)virDomainShutdownFlags(l->domain, 0);
}

void virtlife_stop(struct virtlife *l, int64_t milliseconds)
{
	int64_t at;

	if (l->deaf)
		milliseconds = 0;
	at = clock_ms() + milliseconds;
	if (l->stopping)
		l->give_up_at = at;
	else
		l->give_up_at = at + CONNECT_MS;
	if (l->stopping && l->destroy_at <= at)
		return;
	l->patience_ms = milliseconds;
	l->destroy_at = at;
	if (!l->stopping && milliseconds > 0)
		ask_to_end(l);
	l->stopping = true;
}

/* When the event of it doesn't come, our own word has to do. */
static int destroy(struct virtlife *l, struct fault *fault)
{
	const virError *error;

	if (virDomainDestroy(l->domain) == 0) {
		const int64_t until = clock_ms() + DESTROYED_MS;

		while (!l->ended && clock_ms() < until && !virt_is_lost(l->virt))
			if (virt_turn(until, fault) < 0)
				return -1;
		end(l, SHUTDOWN_DESTROYED);
		return 0;
	}
	error = virGetLastError();
	/* it was quicker */
	if (error &&
	    (error->code == VIR_ERR_NO_DOMAIN || error->code == VIR_ERR_OPERATION_INVALID)) {
		end(l, SHUTDOWN_UNKNOWN);
		return 0;
	}
	return virt_is_lost(l->virt) ? 0 : virterror_fault(fault, "destroy %s", l->name);
}

/* ---- connections that go ------------------------------------------------------------------------
 */

static int lose(struct virtlife *l, struct fault *fault)
{
	unwatch(l);
	virt_close(l->virt);
	if (!l->stay) {
		fault_set(fault, EX_UNAVAILABLE, "%s: the connection is lost, what %s does unknown",
		    virt_name(l->virt), l->name);
		return fault_hint(fault, "mirari-virt list %s", buf_str(&l->virt->words));
	}
	if (l->note)
		l->note("%s: the connection is lost; %s goes on, and we try again",
		    virt_name(l->virt), l->name);
	l->pause_s = 1;
	l->again_at = clock_ms() + 1000;
	return 0;
}

static int give_up(struct virtlife *l, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: no connection to stop %s by; it may go on",
	    virt_name(l->virt), l->name);
	return fault_hint(fault, "mirari-virt stop %s %s", buf_str(&l->virt->words), l->name);
}

/* True when there is one again. */
static bool try_again(struct virtlife *l)
{
	struct fault why;

	l->pause_s = l->pause_s * 2 > PAUSE_MAX_S ? PAUSE_MAX_S : l->pause_s * 2;
	l->again_at = clock_ms() + (int64_t)l->pause_s * 1000;
	if (virt_open(l->virt, &why) < 0)
		return false;
	l->domain = virDomainLookupByUUID(l->virt->connection, l->uuid);
	if (l->domain && watch(l, &why) == 0) {
		if (l->stopping) {
			ask_to_end(l);
			l->destroy_at = clock_ms() + l->patience_ms;
		}
		return true;
	}
	if (!l->domain && virGetLastError() && virGetLastError()->code == VIR_ERR_NO_DOMAIN) {
		end(l, SHUTDOWN_UNKNOWN);
		return true;
	}
	unwatch(l);
	virt_close(l->virt);
	return false;
}

/* Without a connection. */
static int turn_alone(
    struct virtlife *l, int64_t until, enum virtlife_news *news, struct fault *fault)
{
	int64_t now = clock_ms();

	if (l->stopping && now >= l->give_up_at)
		return give_up(l, fault);
	if (now < l->again_at) {
		if (until < 0 || until > l->again_at)
			until = l->again_at;
		return virt_turn(until, fault);
	}
	if (!try_again(l))
		return 0;
	if (l->note)
		l->note(l->ended ? "%s: connected again; %s has ended meanwhile"
				 : "%s: connected again; %s runs",
		    virt_name(l->virt), l->name);
	*news = VIRTLIFE_BACK;
	return 0;
}

int virtlife_turn(struct virtlife *l, int64_t until, enum virtlife_news *news, struct fault *fault)
{
	*news = VIRTLIFE_SAME;
	if (l->stopping && !l->ended && l->domain && (until < 0 || until > l->destroy_at))
		until = l->destroy_at;
	if (!l->virt->connection)
		return l->stay ? turn_alone(l, until, news, fault) : lose(l, fault);
	if (virt_turn(until, fault) < 0)
		return -1;
	if (l->stopping && !l->ended && clock_ms() >= l->destroy_at && !virt_is_lost(l->virt) &&
	    destroy(l, fault) < 0)
		return -1;
	if (l->ended || !virt_is_lost(l->virt))
		return 0;
	*news = VIRTLIFE_LOST;
	return lose(l, fault);
}
