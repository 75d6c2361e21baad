#include "host/xldomain.h"

#include "core/clock.h"
#include "model/shutdown.h"

#include <string.h>
#include <strings.h>

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

int xldomain_destroy(const struct xenhost *h, unsigned domid, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};
	struct xenanswer answer A_CLEANUP(xenanswer_free) = {0};

	strv_add(&arguments, "destroy");
	strv_addf(&arguments, "%u", domid);
	if (xenhost_xl(h, &arguments, &answer, fault) < 0)
		return -1;
	if (answer.status == 0 || is_gone(&answer))
		return 0;
	return xenhost_refused(h, "destroy", &answer.errors, fault);
}

int xldomain_look(const struct xenhost *h, const char *name, const char *uuid, struct xl_look *l,
    struct fault *fault)
{
	int found;

	if (xldomain_log(h, name, &l->log, fault) < 0)
		return -1;
	found = xldomain_find(h, name, uuid, &l->domain, fault);
	if (found < 0)
		return -1;
	l->there = found;
	/* of a domain that has just been made what is there may be an older one's */
	if (l->there && l->log.watched && l->log.domid != l->domain.domid)
		l->log = (struct xl_log){.reason = SHUTDOWN_UNKNOWN};
	l->reason = l->log.reason;
	if (l->log.watched && l->log.ended)
		return 1;
	if (l->there && (l->domain.ended || l->domain.dying) && !l->log.watched) {
		l->reason = l->domain.ended ? l->domain.reason : SHUTDOWN_DESTROYED;
		return 1;
	}
	if (l->there) {
		l->missing_since = 0;
		return 0;
	}
	if (!l->missing_since)
		l->missing_since = clock_ms();
	if (clock_ms() - l->missing_since < XL_SETTLE_MS)
		return 0;
	if (l->reason == SHUTDOWN_UNKNOWN)
		l->reason = SHUTDOWN_DESTROYED;
	return 1;
}
