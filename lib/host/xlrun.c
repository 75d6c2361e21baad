#include "host/xlrun.h"

#include "core/clock.h"
#include "host/xlconsole.h"
#include "host/xldomain.h"
#include "model/shutdown.h"

#include <poll.h>
#include <string.h>

enum { RETRY_MAX_MS = 30000, STAY_LOOK_MS = 1000 };

/* ---- being told to end --------------------------------------------------------------------------
 */

/* A signal of the terminal hits what we run on the way as well: it is run again then. */
static int tell(struct xlrun *r, struct fault *fault)
{
	int result;

	for (int tries = 0; tries < 4; tries++) {
		const unsigned before = r->relay.count;

		result = xlending_tell(&r->ending, fault);
		if (result == 0 || r->relay.count == before || xenhost_is_lost(r->host))
			break;
		r->heeded = r->relay.count;
	}
	return result;
}

/* -1: it could not be ended: the connection is gone, or xl refuses; or we end, and it goes on. */
static int heed(struct xlrun *r, struct fault *fault)
{
	bool signalled;

	/* the terminal's, too: what runs below us is in no group of its */
	(void)relay_take(&r->relay);
	signalled = r->relay.count != r->heeded;
	r->heeded = r->relay.count;
	if (signalled && r->only_look)
		r->left = true;
	if (r->left)
		return -1;
	return signalled ? tell(r, fault) : xlending_turn(&r->ending, fault);
}

/* Waits, and heeds signals meanwhile. */
static int rest(struct xlrun *r, int milliseconds, struct fault *fault)
{
	struct pollfd polled = {.fd = r->relay.fd, .events = POLLIN};
	int left = xlending_wait_ms(&r->ending);

	if (left >= 0 && left < milliseconds)
		milliseconds = left;
	(void)poll(&polled, 1, milliseconds);
	return heed(r, fault);
}

/* ---- its console --------------------------------------------------------------------------------
 */

struct session {
	struct buf errors;
	int status; /* xl's */
};

static void session_free(struct session *s)
{
	buf_free(&s->errors);
}

/* A unikernel that talks to nobody ends, as a program with a broken pipe does. */
static int unread(struct xlrun *r, struct fault *fault)
{
	r->unread = true;
	r->out = -1;
	r->left = r->only_look;
	if (r->left)
		return -1;
	return tell(r, fault) < 0 ? -1 : 1;
}

/* Has it ended, while its console hasn't? Looked at from time to time. */
static bool stays(struct xlrun *r)
{
	struct xl_look look = {.there = false};
	struct fault ignored;

	if (!r->may_stay || clock_ms() < r->looked + STAY_LOOK_MS)
		return false;
	r->looked = clock_ms();
	r->stayed = xldomain_look(r->host, r->name, r->uuid, &look, &ignored) > 0 && look.there &&
		    look.domain.ended && look.log.ended;
	return r->stayed;
}

static int wait_ms(const struct xlrun *r)
{
	const int left = xlending_wait_ms(&r->ending);

	return r->may_stay && (left < 0 || left > STAY_LOOK_MS) ? STAY_LOOK_MS : left;
}

/* As xlconsole_turn, with all that is to be done meanwhile. */
static int turn(struct xlrun *r, struct xlconsole *console, struct fault *fault)
{
	int goes_on = xlconsole_turn(console, &r->in, r->out, r->relay.fd, wait_ms(r), &r->why);

	if (goes_on < 0)
		goes_on = unread(r, fault);
	if (goes_on > 0 && heed(r, fault) < 0)
		return -1;
	return goes_on > 0 && stays(r) ? 0 : goes_on;
}

static int attach(
    struct xlrun *r, const struct strv *arguments, struct session *s, struct fault *fault)
{
	struct xlconsole console;
	struct fault worse;
	int goes_on = 1;

	buf_clear(&s->errors);
	if (xlconsole_start(&console, r->host, arguments, r->errors, fault) < 0)
		return -1;
	r->looked = clock_ms();
	r->stayed = false;
	while (goes_on > 0)
		goes_on = turn(r, &console, fault);
	if (goes_on < 0 || r->stayed)
		(void)kill(console.child.pid, SIGTERM);
	if (xlconsole_end(&console, &s->errors, &s->status, &worse) < 0 && goes_on == 0) {
		*fault = worse;
		return -1;
	}
	if (r->stayed)
		s->status = 0; /* it was us */
	return goes_on;
}

/* ---- the connection -----------------------------------------------------------------------------
 */

static int give_up(const struct xlrun *r, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s can't be reached; %s may go on running there",
	    r->host->place, r->name);
	return fault_hint(fault, "mirari-xl stop --on %s %s", r->host->place, r->name);
}

/* Once it is lost it is tried again, for as long as nobody says that we should end. */
static int reconnect(struct xlrun *r, struct fault *fault)
{
	int pause = 1000;

	r->say("the connection to %s is lost; %s goes on there, and we try again", r->host->place,
	    r->name);
	while (xenhost_reopen(r->host, fault) < 0) {
		struct pollfd polled = {.fd = r->relay.fd, .events = POLLIN};

		if (fault->status != EX_UNAVAILABLE)
			return -1;
		if (poll(&polled, 1, pause) > 0)
			(void)relay_take(&r->relay);
		if (r->relay.caught) {
			r->left = r->only_look;
			return give_up(r, fault);
		}
		pause = pause * 2 < RETRY_MAX_MS ? pause * 2 : RETRY_MAX_MS;
	}
	r->say("%s is connected again", r->host->place);
	return 0;
}

/* ---- its end ------------------------------------------------------------------------------------
 */

enum next { NEXT_END, NEXT_ATTACH, NEXT_RECONNECT, NEXT_FAULT };

/* After the console has ended: so has the domain, or it is made anew, or something has happened to
 * the console alone. */
static enum next find_out(struct xlrun *r, struct fault *fault)
{
	const int64_t since = clock_ms();
	struct xl_look look = {.there = false};
	int over;

	while ((over = xldomain_look(r->host, r->name, r->uuid, &look, fault)) == 0) {
		if (look.there && !look.domain.ended && !look.domain.dying &&
		    clock_ms() - since > 1000)
			return NEXT_ATTACH;
		if (rest(r, XL_LOOK_MS, fault) < 0) {
			over = -1;
			break;
		}
	}
	if (over < 0)
		return xenhost_is_lost(r->host) ? NEXT_RECONNECT : NEXT_FAULT;
	r->reason = look.reason;
	r->preserved = look.log.preserved;
	return NEXT_END;
}

/* As soon as it can be: what it prints before that may be lost. */
static enum next look_again(struct xlrun *r, struct fault *fault)
{
	struct xl_listed d;

	if (reconnect(r, fault) < 0)
		return NEXT_FAULT;
	if (xldomain_find(r->host, r->name, r->uuid, &d, fault) > 0 && !d.ended && !d.dying)
		return NEXT_ATTACH;
	return find_out(r, fault);
}

/* From the first end of its console to its own. */
static int follow(struct xlrun *r, enum next next, struct fault *fault)
{
	struct strv console A_CLEANUP(strv_free) = {0};
	struct session session A_CLEANUP(session_free) = {.status = 0};

	strv_list(&console, "console", r->name);
	for (;;) {
		switch (next) {
		case NEXT_END:
			return 0;
		case NEXT_FAULT:
			return -1;
		case NEXT_RECONNECT:
			next = look_again(r, fault);
			break;
		case NEXT_ATTACH:
			if (attach(r, &console, &session, fault) < 0 &&
			    (r->left || !xenhost_is_lost(r->host)))
				return -1;
			next = find_out(r, fault);
			break;
		}
	}
}

/* ---- its start ----------------------------------------------------------------------------------
 */

int xlrun_check(const struct xlrun *r, struct fault *fault)
{
	struct xl_listed d;
	int found = xldomain_find(r->host, r->name, r->uuid, &d, fault);

	if (found <= 0)
		return found;
	if (d.dying)
		return 0; /* xl waits for that */
	fault_set(fault, EX_TEMPFAIL, "%s: %s is there already (domain %u, %s)",
	    xenhost_name(r->host), r->name, d.domid, xl_listed_state(&d));
	if (r->host->place)
		return fault_hint(fault, "mirari-xl stop --on %s %s", r->host->place, r->name);
	return fault_hint(fault, "mirari-xl stop %s", r->name);
}

static int create_failed(const struct xlrun *r, const struct session *s, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (r->errors && xenhost_read(r->host, r->errors, &text, fault) < 0)
		return -1;
	return xenhost_refused(r->host, "create", r->errors ? &text : &s->errors, fault);
}

static int run(struct xlrun *r, struct fault *fault)
{
	struct strv create A_CLEANUP(strv_free) = {0};
	struct session session A_CLEANUP(session_free) = {.status = 0};
	int attached;

	strv_list(&create, "create", "-q", "-c", r->file);
	attached = attach(r, &create, &session, fault);
	if (xenhost_is_lost(r->host))
		return follow(r, NEXT_RECONNECT, fault);
	if (attached < 0)
		return -1;
	if (session.status)
		return create_failed(r, &session, fault);
	return follow(r, find_out(r, fault), fault);
}

static int with_signals(
    struct xlrun *r, int (*what)(struct xlrun *, struct fault *), struct fault *fault)
{
	struct sigaction before, ignore = {.sa_handler = SIG_IGN};
	int result;

	r->ending = (struct xlending){
	    .host = r->host, .name = r->name, .uuid = r->uuid, .grace_ms = r->grace_ms};
	relay_start(&r->relay);
	sigaction(SIGPIPE, &ignore, &before);
	result = what(r, fault);
	xlending_close(&r->ending);
	sigaction(SIGPIPE, &before, NULL);
	r->caught = r->relay.caught;
	relay_stop(&r->relay, false);
	if ((result == 0 || r->left) && r->unread) {
		*fault = r->why;
		return -1;
	}
	return r->left ? 0 : result;
}

int xlrun(struct xlrun *r, struct fault *fault)
{
	return with_signals(r, run, fault);
}

static int look_on(struct xlrun *r, struct fault *fault)
{
	return follow(r, NEXT_ATTACH, fault);
}

int xlrun_attach(struct xlrun *r, struct fault *fault)
{
	return with_signals(r, look_on, fault);
}

int xlrun_create(struct xlrun *r, struct xl_listed *into, struct fault *fault)
{
	struct strv create A_CLEANUP(strv_free) = {0};
	struct xenanswer answer A_CLEANUP(xenanswer_free) = {0};

	strv_list(&create, "create", "-q", r->file);
	if (xenhost_xl(r->host, &create, &answer, fault) < 0)
		return -1;
	if (answer.status)
		return xenhost_refused(r->host, "create", &answer.errors, fault);
	return xldomain_must_find(r->host, r->name, r->uuid, into, fault);
}
