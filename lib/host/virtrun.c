#include "host/virtrun.h"

#include "core/clock.h"
#include "core/relay.h"
#include "host/virtconsole.h"
#include "host/virterror.h"
#include "host/virtpin.h"
#include "model/exitstatus.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LAST_WORDS_MS = 3000 /* how long a console may be silent after the end, and go on */ };

struct session {
	struct virtlife life;
	struct virtconsole console;
	struct relay relay;
	int relay_watch;
	virt_note *note;
	bool attached;     /* it was there before us, and goes on without us */
	unsigned heeded;   /* of the relay's signals; ssh's start may take one for it */
	bool told;         /* to end it */
	int64_t last_word; /* clock_ms, once it has ended */
};

/* ---- the loop -----------------------------------------------------------------------------------
 */

static void on_signal(int watch, int fd, int events, void *data)
{
	struct session *s = data;

	(void)watch, (void)fd, (void)events;
	(void)relay_take(&s->relay);
}

/* Who ends us, or doesn't read any more, wants it to end; who does it twice, now. */
static void stop_if_told(struct session *s)
{
	unsigned times =
	    s->relay.count - s->heeded + s->console.interrupted + (s->console.deaf && !s->told);

	s->heeded = s->relay.count;
	s->console.interrupted = false;
	/* what the domain is pinned by is to be taken away first */
	s->told = s->told || (s->attached && times);
	if (s->attached || s->life.ended)
		return;
	for (; times; times--) {
		if (!s->told && s->console.terminal && s->note)
			s->note("%s is asked to end; ^C destroys it", s->life.name);
		virtlife_stop(&s->life, s->told ? 0 : VIRTLIFE_PATIENCE_MS);
		s->told = true;
	}
}

/* The console may have been somebody else's meanwhile: for libvirtd it is still that of the
 * connection that is lost. */
static void open_again(struct session *s)
{
	struct fault why;

	virtconsole_resume(&s->console);
	if (!s->console.channel.open &&
	    virtconsole_open(&s->console, s->life.virt, s->life.domain, true, &why) < 0 && s->note)
		s->note("%s", why.text);
}

/* It has ended; or so it seems where only its console has, which somebody may have taken away. */
static bool is_closing(const struct session *s)
{
	return s->life.ended || (s->attached && s->life.domain && virtconsole_is_done(&s->console));
}

static bool is_over(struct session *s)
{
	if (s->console.left || (s->attached && (s->console.deaf || s->told)))
		return true;
	if (!is_closing(s)) {
		s->last_word = 0;
		return false;
	}
	if (s->life.ended && virtconsole_is_done(&s->console))
		return true;
	if (s->console.moved || !s->last_word)
		s->last_word = clock_ms();
	s->console.moved = false;
	/* what it has said waits for whoever reads it */
	return clock_ms() >= s->last_word + LAST_WORDS_MS && !s->console.shown.length;
}

static int serve(struct session *s, struct fault *fault)
{
	while (!is_over(s)) {
		enum virtlife_news news;
		int64_t until = is_closing(s) ? s->last_word + LAST_WORDS_MS : -1;

		/* a reader who takes longer isn't waited for in a circle */
		if (s->console.shown.length)
			until = -1;
		if (virtlife_turn(&s->life, until, &news, fault) < 0)
			return -1;
		if (news == VIRTLIFE_LOST) {
			if (s->console.channel.stream)
				virtconsole_drop(&s->console);
			virtconsole_pause(&s->console);
		} else if (news == VIRTLIFE_BACK && !s->life.ended) {
			open_again(s);
		}
		stop_if_told(s);
	}
	return 0;
}

static void sum_up(const struct session *s, struct virtend *how)
{
	how->told_to = s->told;
	how->left = s->console.left;
	how->ended = s->life.ended;
	how->reason = s->life.reason;
	how->told = exit_told(s->console.tail, s->console.tail_length);
}

/* Where somebody has taken the console away, the domain is pinned for them, too. */
static void finish(struct session *s, struct virtend *how)
{
	const bool taken = s->attached && !s->life.ended && !s->console.channel.open;

	sum_up(s, how);
	virtconsole_end(&s->console);
	if (s->life.domain && !taken && !virt_is_lost(s->life.virt))
		virtpin_release(s->life.domain);
	virtlife_free(&s->life);
}

/* ---- from the start -----------------------------------------------------------------------------
 */

static int create(const struct virt *v, const char *name, const char *xml, unsigned flags,
    virDomainPtr *domain, struct fault *fault)
{
	*domain = virDomainCreateXML(v->connection, xml, flags);
	return *domain ? 0 : virterror_fault(fault, "start %s", name);
}

/* The test driver has none. */
static int open_console(struct session *s, struct fault *fault)
{
	return s->life.virt->driver == VIRT_TEST
		   ? 0
		   : virtconsole_open(&s->console, s->life.virt, s->life.domain, false, fault);
}

/* From created to running. Nobody else knows of it yet: a failure takes it away. */
static int begin(struct session *s, virDomainPtr domain, bool paused, struct fault *fault)
{
	if (virtlife_start(&s->life, domain, fault) == 0 &&
	    virtconsole_start(&s->console, fault) == 0 && open_console(s, fault) == 0) {
		if (!paused || virDomainResume(domain) == 0 || s->life.ended)
			return 0;
		virterror_fault(fault, "start %s", s->life.name);
	}
	(void)virDomainDestroy(domain);
	return -1;
}

static void signals_start(struct session *s)
{
	relay_start(&s->relay);
	s->relay_watch = s->relay.fd < 0 ? -1
					 : virEventAddHandle(s->relay.fd, VIR_EVENT_HANDLE_READABLE,
					       on_signal, s, NULL);
}

/* With `end`, one that was caught ends us now. */
static void signals_stop(struct session *s, bool end)
{
	if (s->relay_watch >= 0)
		(void)virEventRemoveHandle(s->relay_watch);
	relay_stop(&s->relay, end);
}

int virtrun(struct virt *v, const char *name, const char *xml, virt_note *note, struct virtend *how,
    struct fault *fault)
{
	struct session s = {
	    .life = {.virt = v, .stay = true, .note = note, .name = name, .callback = -1},
	    .console = {.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.interrupts = true,
		.in_watch = -1,
		.out_watch = -1},
	    .note = note};
	/* the test driver can't, and has no console that would miss something */
	const bool paused = v->driver != VIRT_TEST;
	virDomainPtr domain;
	int result;

	signals_start(&s);
	result = create(v, name, xml, paused ? VIR_DOMAIN_START_PAUSED : 0, &domain, fault);
	if (result == 0)
		result = begin(&s, domain, paused, fault);
	if (result == 0)
		result = serve(&s, fault);
	finish(&s, how);
	signals_stop(&s, false);
	return result;
}

int virtrun_attach(struct virt *v, virDomainPtr domain, bool force, virt_note *note,
    struct virtend *how, struct fault *fault)
{
	struct session s = {.life = {.virt = v, .stay = true, .note = note, .callback = -1},
	    .console = {.in = STDIN_FILENO, .out = STDOUT_FILENO, .in_watch = -1, .out_watch = -1},
	    .note = note,
	    .attached = true};
	char name[256];
	int result;

	/* the domain's own string goes with it */
	snprintf(name, sizeof name, "%s", virDomainGetName(domain));
	s.life.name = name;
	signals_start(&s);
	result = virtlife_start(&s.life, domain, fault);
	if (result == 0)
		result = virtconsole_start(&s.console, fault);
	if (result == 0)
		result = virtconsole_open(&s.console, v, domain, force, fault);
	if (result == 0)
		result = serve(&s, fault);
	finish(&s, how);
	signals_stop(&s, true);
	return result;
}

static int add_results(
    const struct virt *v, virDomainPtr domain, struct rec *record, struct fault *fault)
{
	char uuid[VIR_UUID_STRING_BUFLEN], id[16];
	unsigned number = virDomainGetID(domain);

	rec_remove(record, v->ssh.place.length ? "deploy" : "libvirt.uri");
	if (v->ssh.place.length) {
		rec_remove(record, "ssh.config");
		rec_remove(record, "xen.via");
	}
	rec_remove(record, "xen.domid");
	rec_remove(record, "xen.uuid");
	snprintf(id, sizeof id, "%u", number);
	if (virDomainGetUUIDString(domain, uuid) < 0)
		return virterror_fault(fault, "the UUID of %s", virDomainGetName(domain));
	if (virt_add_place(v, record, fault) < 0 ||
	    (number != (unsigned)-1 && rec_add(record, "xen.domid", id, fault) < 0))
		return -1;
	return rec_add(record, "xen.uuid", uuid, fault);
}

int virtrun_detached(const struct virt *v, const char *name, const char *xml, struct rec *record,
    struct fault *fault)
{
	virDomainPtr domain;
	int result;

	if (create(v, name, xml, 0, &domain, fault) < 0)
		return -1;
	result = add_results(v, domain, record, fault);
	if (result < 0)
		(void)virDomainDestroy(domain);
	(void)virDomainFree(domain);
	return result;
}

int virtrun_status(const struct virtend *how, const struct image *image)
{
	struct exit_how end = {.target = "virtio", .told = how->told};

	/* how it was taken away counts more than what it said before */
	if (!image || !image->target || strcmp(image->target, "virtio") != 0 ||
	    (how->reason != SHUTDOWN_POWEROFF &&
		!(how->reason == SHUTDOWN_UNKNOWN && how->told != EXIT_UNTOLD)))
		return shutdown_status(how->reason);
	end.solo5 = image->solo5 != NULL;
	return exit_translate(&end).status;
}
