#include "host/xldomain.h"

#include "core/clock.h"
#include "model/shutdown.h"

#include <string.h>
#include <strings.h>
#include <time.h>

int xldomain_list(const struct xenhost *h, struct xl_list *into, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};
	struct xenanswer answer A_CLEANUP(xenanswer_free) = {0};

	strv_list(&arguments, "list", "-v");
	if (xenhost_xl(h, &arguments, &answer, fault) < 0)
		return -1;
	if (answer.status)
		return xenhost_refused(h, "list", &answer.errors, fault);
	if (!xl_list_parse(buf_str(&answer.out), into))
		return fault_set(fault, EX_PROTOCOL,
		    "%s: what 'xl list -v' printed isn't what we know", xenhost_name(h));
	return 0;
}

static int not_ours(const struct xenhost *h, const struct xl_listed *d, struct fault *fault)
{
	fault_set(fault, EX_CANTCREAT,
	    "%s: there is a domain %s (number %u) which wasn't made by mirari: it is left alone",
	    xenhost_name(h), d->name, d->domid);
	return fault_hint(fault, "call yours otherwise: --name NAME; or: xl destroy %u", d->domid);
}

int xldomain_find(const struct xenhost *h, const char *name, const char *uuid,
    struct xl_listed *into, struct fault *fault)
{
	struct xl_list all A_CLEANUP(xl_list_free) = {0};
	const struct xl_listed *found;

	if (xldomain_list(h, &all, fault) < 0)
		return -1;
	found = xl_list_find(&all, name);
	if (!found)
		return 0;
	if (uuid ? strcasecmp(found->uuid, uuid) != 0 : !domain_uuid_is_ours(found->uuid))
		return not_ours(h, found, fault);
	*into = *found;
	into->name = name;
	return 1;
}

int xldomain_must_find(const struct xenhost *h, const char *name, const char *uuid,
    struct xl_listed *into, struct fault *fault)
{
	int found = xldomain_find(h, name, uuid, into, fault);

	if (found)
		return found < 0 ? -1 : 0;
	fault_set(fault, EXIT_NO, "%s: there is no domain %s", xenhost_name(h), name);
	return fault_hint(fault, "mirari-xl list");
}

int xldomain_log(
    const struct xenhost *h, const char *name, struct xl_log *into, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};

	buf_printf(&path, XL_LOG_DIRECTORY "/xl-%s.log", name);
	if (xenhost_read(h, buf_str(&path), &text, fault) < 0)
		return -1;
	xl_log_parse(buf_str(&text), name, into);
	return 0;
}

/* ---- ending -------------------------------------------------------------------------------------
 */

/* xl's word for a number that is no domain's (any more). */
static bool is_gone(const struct xenanswer *a)
{
	return strstr(buf_str(&a->errors), "invalid domain identifier") ||
	       strstr(buf_str(&a->errors), "Non-existant domain") ||
	       strstr(buf_str(&a->errors), "Non-existent domain");
}

static int act(const struct xenhost *h, const char *verb, unsigned domid, unsigned seconds,
    struct xenanswer *answer, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};

	strv_add(&arguments, verb);
	strv_addf(&arguments, "%u", domid);
	return xenhost_xl_within(h, seconds, &arguments, answer, fault);
}

int xldomain_shutdown(
    const struct xenhost *h, unsigned domid, int64_t grace_ms, struct fault *fault)
{
	const unsigned seconds = (unsigned)((grace_ms + 999) / 1000);
	struct xenanswer answer A_CLEANUP(xenanswer_free) = {0};

	if (act(h, "shutdown", domid, seconds ? seconds : 1, &answer, fault) < 0)
		return -1;
	return answer.status == 0 || is_gone(&answer);
}

int xldomain_destroy(const struct xenhost *h, unsigned domid, struct fault *fault)
{
	struct xenanswer answer A_CLEANUP(xenanswer_free) = {0};

	if (act(h, "destroy", domid, 0, &answer, fault) < 0)
		return -1;
	if (answer.status == 0 || is_gone(&answer))
		return 0;
	return xenhost_refused(h, "destroy", &answer.errors, fault);
}

static void pause_ms(int milliseconds)
{
	const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&pause, NULL);
}

/* 1 with *reason once it is over. */
static int look_for_end(const struct xenhost *h, const char *name, int64_t *missing_since,
    int *reason, struct fault *fault)
{
	struct xl_list all A_CLEANUP(xl_list_free) = {0};
	struct xl_log log;
	const struct xl_listed *d;

	if (xldomain_log(h, name, &log, fault) < 0 || xldomain_list(h, &all, fault) < 0)
		return -1;
	*reason = log.reason;
	d = xl_list_find(&all, name);
	/* of a domain that has just been made what is there may be an older one's */
	if (d && log.watched && log.domid != d->domid) {
		log = (struct xl_log){.reason = SHUTDOWN_UNKNOWN};
		*reason = SHUTDOWN_UNKNOWN;
	}
	if (log.watched && log.ended)
		return 1;
	if (d && (d->ended || d->dying) && !log.watched) {
		*reason = d->ended ? d->reason : SHUTDOWN_DESTROYED;
		return 1;
	}
	if (d) {
		*missing_since = 0;
		return 0;
	}
	if (!*missing_since)
		*missing_since = clock_ms();
	if (clock_ms() - *missing_since < XL_SETTLE_MS)
		return 0;
	if (*reason == SHUTDOWN_UNKNOWN)
		*reason = SHUTDOWN_DESTROYED;
	return 1;
}

int xldomain_wait(const struct xenhost *h, const char *name, int64_t milliseconds, int *reason,
    struct fault *fault)
{
	const int64_t end = clock_ms() + milliseconds;
	int64_t missing_since = 0;
	int over;

	while ((over = look_for_end(h, name, &missing_since, reason, fault)) == 0) {
		if (milliseconds >= 0 && clock_ms() >= end)
			return 0;
		pause_ms(XL_LOOK_MS);
	}
	return over;
}

static int64_t left_until(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	return left > 0 ? left : 0;
}

int xldomain_stop(
    const struct xenhost *h, const struct xl_listed *d, int64_t grace_ms, struct fault *fault)
{
	const int64_t deadline = clock_ms() + grace_ms;
	int reason, listens = 0, over = 0;

	if (!d->ended)
		listens = xldomain_shutdown(h, d->domid, grace_ms, fault);
	if (listens < 0)
		return -1;
	if (listens)
		over = xldomain_wait(h, d->name, left_until(deadline), &reason, fault);
	return over ? over < 0 ? -1 : 0 : xldomain_destroy(h, d->domid, fault);
}
