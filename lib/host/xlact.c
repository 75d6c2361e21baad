#include "host/xlact.h"

#include "core/proc.h"
#include "host/remotefile.h"
#include "host/xldeploy.h"
#include "host/xldomain.h"
#include "host/xlending.h"
#include "host/xlrun.h"
#include "model/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

void xlact_close(struct xlact *a)
{
	xenhost_close(&a->host);
}

/* ---- by which of them ---------------------------------------------------------------------------
 */

static const char *place_of(const struct xlact *a)
{
	const char *place = rec_get(a->record, "deploy");

	return place && strcmp(place, "local") ? place : NULL;
}

int xlact_open(struct xlact *a, struct fault *fault)
{
	const char *via = rec_get(a->record, "xen.via"), *place = place_of(a);

	if (place && strncmp(place, "ssh://", 6))
		return fault_set(
		    fault, EX_USAGE, "deploy=%s: mirari-xl knows local and ssh://", place);
	if (!via && rec_get(a->record, "libvirt.uri"))
		via = "libvirt";
	if (via && !strcmp(via, "libvirt")) {
		a->libvirt = true;
		return 0;
	}
	if (xenhost_open(&a->host, place, rec_get(a->record, "ssh.config"), fault) == 0)
		return 0;
	a->libvirt = !via && a->host.libvirt;
	return a->libvirt ? 0 : -1;
}

/* libvirt's name for the same place. */
static void add_uri(const struct xlact *a, struct strv *into)
{
	const char *uri = rec_get(a->record, "libvirt.uri"), *place = place_of(a);
	const char *config = rec_get(a->record, "ssh.config");

	if (place)
		strv_addf(into, "--on=%s", place);
	if (config)
		strv_addf(into, "--set=ssh.config=%s", config);
	if (uri || !place)
		strv_addf(into, "--uri=%s", uri ? uri : "xen:///system");
}

int xlact_become_virt(struct xlact *a, const char *command, const struct strv *options,
    const struct strv *words, const struct strv *behind, struct fault *fault)
{
	struct strv argv A_CLEANUP(strv_free) = {0};

	strv_list(&argv, "mirari-virt", command);
	add_uri(a, &argv);
	strv_add_all(&argv, options);
	strv_add_all(&argv, words);
	if (behind->count)
		strv_add(&argv, "--");
	strv_add_all(&argv, behind);
	xlact_close(a);
	return proc_exec(&argv, fault);
}

/* ---- a domain from its start --------------------------------------------------------------------
 */

static int deploy(struct xlact *a, struct xlconfig *x, struct xldeploy *d, struct fault *fault)
{
	d->domain = &x->domain;
	d->kernel = x->subject.fd;
	d->progress = a->progress;
	if (xldeploy(d, &a->host, fault) < 0)
		return -1;
	for (size_t i = 0; i < x->warnings.count; i++)
		a->say("%s", x->warnings.items[i]);
	for (size_t i = 0; i < d->warnings.count; i++)
		a->say("%s", d->warnings.items[i]);
	return 0;
}

static struct xlrun run_of(struct xlact *a, const struct xlname *n)
{
	return (struct xlrun){.host = &a->host,
	    .name = n->name,
	    .uuid = n->uuid,
	    .in = -1,
	    .out = -1,
	    .grace_ms = a->grace_ms,
	    .say = a->say};
}

/* Is xl told to keep it, whatever it ends for? */
static bool may_stay(const struct domain *d)
{
	for (size_t i = 0; i < d->xl.count; i++)
		if (!strncmp(d->xl.fields[i].key, "xl.on_", strlen("xl.on_")) &&
		    strstr(d->xl.fields[i].value, "preserve"))
			return true;
	return false;
}

static void say_end(const struct xlact *a, const struct xlrun *r)
{
	if (r->reason != SHUTDOWN_POWEROFF)
		a->say("%s: %s", r->name, shutdown_name(r->reason));
	if (r->preserved)
		a->say("%s is kept as it ended, as its xl.on_… says: xl destroy %s removes it",
		    r->name, r->name);
}

int xlact_run(
    struct xlact *a, struct xlconfig *x, int in, int out, int *status, struct fault *fault)
{
	struct xldeploy d A_CLEANUP(xldeploy_free) = {.memory = -1};
	const struct xlname n = {x->domain.name, x->domain.uuid};
	struct xlrun r = run_of(a, &n);
	struct fault ignored;

	if (xlrun_check(&r, fault) < 0 || deploy(a, x, &d, fault) < 0)
		return -1;
	r.in = in;
	r.out = out;
	r.may_stay = may_stay(&x->domain);
	r.file = buf_str(&d.file);
	r.errors = d.errors.length ? buf_str(&d.errors) : NULL;
	if (xlrun(&r, fault) < 0)
		return -1;
	*status = shutdown_status(r.reason);
	if (!r.caught)
		say_end(a, &r);
	/* who has ended it wants nothing of it to be left; who starts it again sends less */
	else if (a->host.place && remotefile_remove(&a->host.link, n.name, &ignored) < 0)
		a->say("%s", ignored.text);
	xlact_close(a);
	if (r.caught)
		(void)raise(r.caught);
	return 0;
}

int xlact_create(struct xlact *a, struct xlconfig *x, struct rec *answer, struct fault *fault)
{
	struct xldeploy d A_CLEANUP(xldeploy_free) = {.memory = -1};
	const struct xlname n = {x->domain.name, x->domain.uuid};
	struct xlrun r = run_of(a, &n);
	struct buf domid A_CLEANUP(buf_free) = {0};
	struct xl_listed made;

	if (xlrun_check(&r, fault) < 0 || deploy(a, x, &d, fault) < 0)
		return -1;
	r.file = buf_str(&d.file);
	r.errors = d.errors.length ? buf_str(&d.errors) : NULL;
	if (xlrun_create(&r, &made, fault) < 0)
		return -1;
	for (size_t i = 0; i < x->subject.record.count; i++)
		rec_borrow(answer, &x->subject.record.fields[i]);
	buf_printf(&domid, "%u", made.domid);
	return rec_add(answer, "xen.domid", buf_str(&domid), fault) < 0
		   ? -1
		   : rec_add(answer, "xen.uuid", made.uuid, fault);
}

/* ---- one that is there --------------------------------------------------------------------------
 */

/* On a terminal xl's console is a terminal's: every key goes to the guest, and ^] leaves. */
static int become_console(struct xlact *a, const struct xlname *n, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0}, command A_CLEANUP(strv_free) = {0};
	const struct proc_io io = {.in = STDIN_FILENO, .out = -1};
	int status;

	strv_add_all(&words, &a->host.prefix);
	strv_list(&words, "console", n->name);
	a->say("the console of %s; ^] leaves", n->name);
	if (!a->host.place)
		return proc_exec(&words, fault);
	/* the connection is ours: it would end with what we are now */
	sshlink_command(&a->host.link, &words, true, &command);
	return proc_run(&command, &io, &status, fault) < 0
		   ? -1
		   : sshlink_explain(&a->host.link, status, fault);
}

int xlact_console(struct xlact *a, const struct xlname *n, int in, int out, struct fault *fault)
{
	struct xlrun r = run_of(a, n);
	struct xl_listed d;

	if (xldomain_must_find(&a->host, n->name, n->uuid, &d, fault) < 0)
		return -1;
	if (isatty(in) && isatty(out))
		return become_console(a, n, fault);
	r.in = in;
	r.out = out;
	r.only_look = true;
	if (xlrun_attach(&r, fault) < 0)
		return -1;
	if (r.caught)
		(void)raise(r.caught);
	return 0;
}

int xlact_wait(struct xlact *a, const struct xlname *n, int *status, struct fault *fault)
{
	struct xl_look look = {.there = false};
	int over = xldomain_look(&a->host, n->name, n->uuid, &look, fault);

	/* one that has ended meanwhile has left what the xl that watched over it said */
	if (over >= 0 && !look.there && !look.log.watched)
		return xldomain_must_find(&a->host, n->name, n->uuid, &look.domain, fault);
	while (over == 0) {
		(void)poll(NULL, 0, XL_LOOK_MS);
		over = xldomain_look(&a->host, n->name, n->uuid, &look, fault);
	}
	*status = shutdown_status(look.reason);
	return over < 0 ? -1 : 0;
}

int xlact_stop(
    struct xlact *a, const struct xlname *n, bool at_once, bool force, struct fault *fault)
{
	struct xlending ending = {
	    .host = &a->host, .name = n->name, .uuid = n->uuid, .grace_ms = a->grace_ms};
	struct xl_listed d;
	int found = xldomain_find(&a->host, n->name, n->uuid, &d, fault), result = 0;

	if (found < 0 || (!found && !force))
		return found < 0 ? -1 : xldomain_must_find(&a->host, n->name, n->uuid, &d, fault);
	if (found)
		result = at_once ? xldomain_destroy(&a->host, d.domid, fault)
				 : xlending_end(&ending, fault);
	if (result == 0 && a->host.place)
		result = remotefile_remove(&a->host.link, n->name, fault);
	return result;
}

int xlact_list(struct xlact *a, bool all, struct xl_list *into, struct fault *fault)
{
	size_t kept = 0;

	if (xldomain_list(&a->host, into, fault) < 0)
		return -1;
	for (size_t i = 0; i < into->count; i++)
		if (domain_uuid_is_ours(into->items[i].uuid) || (all && into->items[i].domid != 0))
			into->items[kept++] = into->items[i];
	into->count = kept;
	return 0;
}
