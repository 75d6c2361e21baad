#include "host/remoterun.h"

#include "core/fd.h"
#include "core/num.h"
#include "core/proc.h"
#include "host/remotelog.h"
#include "host/remotemirari.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	STOP_S = 8, /* less than a supervisor gives us */
	PAUSE_MS = 1000,
	PAUSE_MAX_MS = 30000,
	STOPS = 2,
	LOOK_MS = 100,
	FAILURES_MAX = 5
};

/* What follows the unikernel while there is a connection. */
struct session {
	struct remoterun *run;
	struct remotelog log;
	struct relay relay;
	struct child follower;
	int from[LOG_STREAMS];     /* what it prints */
	int tie;                   /* as long as it is open, it goes on */
	struct child stops[STOPS]; /* mirari stop; at once */
	int wanted;                /* how often we were told to end */
	unsigned refused; /* stops that weren't taken beside the log: MaxSessions of sshd */
	int failures;     /* of mirari logs, one after another */
};

/* ---- the log ------------------------------------------------------------------------------------
 */

/* Its input is ours to end: then it ends, also when it has nothing to print that would tell it that
 * nobody is there any more. */
static void follow_command(const struct session *s, struct strv *into)
{
	static const char script[] =
	    "exec 3<&0; \"$@\" 3<&- & p=$!; { cat <&3; kill $p; } >/dev/null 2>&1 & w=$!; "
	    "wait $p; s=$?; kill $w; exit $s";
	const char *since = remotelog_since(&s->log);
	struct strv remote A_CLEANUP(strv_free) = {0};

	strv_list(&remote, "sh", "-c", script, "mirari");
	remotemirari_command(&remote);
	strv_list(&remote, "logs", "--follow", "--times", "--raw", "--since",
	    since ? since : buf_str(&s->run->since), s->run->name);
	sshlink_command(&s->run->link, &remote, false, into);
}

static void close_follower(struct session *s)
{
	fd_close(&s->tie);
	fd_close(&s->from[LOG_STDOUT]);
	fd_close(&s->from[LOG_STDERR]);
}

static int start_follower(struct session *s, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	int in[2], out[2] = {-1, -1}, err[2] = {-1, -1}, result = -1;
	struct proc_io io = {.detached = true};

	if (pipe2(in, O_CLOEXEC) < 0)
		return fault_errno(fault, EX_OSERR, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
		fault_errno(fault, EX_OSERR, errno, "pipe");
	} else {
		io.in = in[0];
		io.out = out[1];
		io.err = &err[1];
		follow_command(s, &command);
		result = proc_start(&command, &io, &s->follower, fault);
	}
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	s->tie = in[1];
	s->from[LOG_STDOUT] = out[0];
	s->from[LOG_STDERR] = err[0];
	if (result < 0)
		close_follower(s);
	return result;
}

static int take_output(struct session *s, enum log_stream stream, struct fault *fault)
{
	char bytes[1 << 16];
	ssize_t n = read(s->from[stream], bytes, sizeof bytes);

	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		fd_close(&s->from[stream]);
		return 0;
	}
	return remotelog_add(&s->log, stream, bytes, (size_t)n, fault);
}

/* ---- stopping -----------------------------------------------------------------------------------
 */

/* Beside the log, which goes on. A second one doesn't wait for the first. */
static void start_stop(struct session *s)
{
	const struct proc_io io = {.in = -1, .out = STDERR_FILENO, .detached = true};
	struct strv remote A_CLEANUP(strv_free) = {0}, command A_CLEANUP(strv_free) = {0};
	const bool at_once = s->wanted > 1;
	struct child *stop = &s->stops[at_once];
	struct fault fault;

	if (stop->pid > 0)
		return;
	remotemirari_command(&remote);
	strv_list(&remote, "stop", "--quiet");
	strv_addf(&remote, "--timeout=%d", at_once ? 0 : STOP_S);
	strv_add(&remote, s->run->name);
	sshlink_command(&s->run->link, &remote, false, &command);
	if (proc_start(&command, &io, stop, &fault) < 0) {
		stop->pid = 0;
		s->run->note(fault.text);
	}
}

static void want_end(struct session *s)
{
	s->wanted++;
	start_stop(s);
}

/* What has become of the unikernel is looked at; but it may not have been told anything. */
static void end_stop(struct session *s, struct child *stop)
{
	struct fault ignored;
	int status;

	if (stop->pid > 0 && proc_wait(stop, &status, &ignored) == 0 &&
	    sshlink_explain(&s->run->link, status, &ignored) < 0)
		s->refused += sshlink_alive(&s->run->link);
	stop->pid = 0;
}

static void wait_for_stops(struct session *s)
{
	for (size_t i = 0; i < STOPS; i++)
		end_stop(s, &s->stops[i]);
}

/* Is there any that still runs? */
static bool look_at_stops(struct session *s)
{
	bool any = false;

	for (size_t i = 0; i < STOPS; i++) {
		if (s->stops[i].pid > 0 && proc_has_ended(&s->stops[i]))
			end_stop(s, &s->stops[i]);
		any = any || s->stops[i].pid > 0;
	}
	return any;
}

/* ---- following ----------------------------------------------------------------------------------
 */

static int take_all(struct session *s, struct fault *fault)
{
	enum { SIGNALS = LOG_STREAMS };
	const unsigned refused = s->refused;

	while (s->from[LOG_STDOUT] >= 0 || s->from[LOG_STDERR] >= 0) {
		const bool stops = look_at_stops(s);
		struct pollfd polled[] = {{.fd = s->from[LOG_STDOUT], .events = POLLIN},
		    {.fd = s->from[LOG_STDERR], .events = POLLIN},
		    {.fd = s->relay.fd, .events = POLLIN}};

		if (s->refused != refused)
			return 0; /* the log is for later */
		if (poll(polled, COUNT_OF(polled), stops ? LOOK_MS : -1) < 0 && errno != EINTR)
			return fault_errno(fault, EX_OSERR, errno, "poll");
		for (enum log_stream stream = 0; stream < LOG_STREAMS; stream++)
			if (polled[stream].revents && take_output(s, stream, fault) < 0)
				return -1;
		if (polled[SIGNALS].revents) {
			(void)relay_take(&s->relay);
			want_end(s);
		}
		if (s->log.closed && !s->wanted)
			want_end(s);
	}
	return 0;
}

/* To its end, or that of the connection: -1 with EX_UNAVAILABLE. */
static int follow(struct session *s, struct fault *fault)
{
	struct fault worse;
	int status = 0, result;

	if (s->wanted) /* it wasn't heard there, maybe */
		start_stop(s);
	if (s->refused)
		wait_for_stops(s);
	if (start_follower(s, fault) < 0)
		return -1;
	result = take_all(s, fault);
	close_follower(s);
	wait_for_stops(s);
	if (proc_wait(&s->follower, &status, &worse) < 0 || result < 0)
		return -1;
	s->failures = status ? s->failures + 1 : 0;
	if (sshlink_explain(&s->run->link, status, fault) < 0)
		return -1;
	return s->failures < FAILURES_MAX
		   ? 0
		   : fault_set(fault, EXIT_NO, "%s: mirari logs %s fails there (status %d)",
			 s->run->place, s->run->name, status);
}

/* Its supervisor there was killed, or the machine went down: what may be left of it isn't for
 * somebody to find later. */
static int is_lost(const struct session *s, struct fault *fault)
{
	const struct remoterun *r = s->run;
	struct fault ignored;

	fault_set(
	    fault, EXIT_NO, "%s: %s is lost there: how it ended isn't known", r->place, r->name);
	if (remotemirari_stop(&r->link, r->name, STOP_S, &ignored) < 0)
		fault_hint(fault, "mirari-ssh stop --on %s %s", r->place, r->name);
	return -1;
}

/* 1: it has ended with *status. 0: it hasn't. */
static int look(struct session *s, int *status, struct fault *fault)
{
	struct remoteinstance there A_CLEANUP(remoteinstance_free) = {0};
	struct remoterun *r = s->run;
	const char *ended;
	uint64_t number;

	if (remotemirari_look(&r->link, r->name, &there, fault) < 0)
		return -1;
	if (!there.record.count || !there.ours)
		return fault_set(
		    fault, EXIT_NO, "%s: somebody has removed %s there", r->place, r->name);
	if (instance_is_live(there.status))
		return 0;
	ended = rec_get(&there.record, "instance.exit");
	if (there.status == INSTANCE_LOST || !ended || num_parse(ended, 0, 255, &number) != NUM_OK)
		return is_lost(s, fault);
	*status = (int)number;
	return 1;
}

/* ---- the connection -----------------------------------------------------------------------------
 */

/* Told once, and again when the reason is another one. */
static void tell(struct session *s, const struct fault *why, struct buf *said)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!strcmp(buf_str(said), why->text))
		return;
	buf_clear(said);
	buf_adds(said, why->text);
	buf_printf(
	    &text, "%s; %s goes on there, and connecting is tried again", why->text, s->run->name);
	s->run->note(buf_str(&text));
}

/* A signal meanwhile: whoever wants an end gets it, though there it goes on. */
static int give_up(const struct session *s, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: not reached: %s goes on there", s->run->place,
	    s->run->name);
	return fault_hint(fault, "mirari-ssh stop --on %s %s", s->run->place, s->run->name);
}

static bool heard_in(struct session *s, int milliseconds)
{
	struct pollfd polled = {.fd = s->relay.fd, .events = POLLIN};

	if (poll(&polled, 1, milliseconds) <= 0)
		return false;
	(void)relay_take(&s->relay);
	s->wanted++;
	return true;
}

static int connect_again(struct session *s, const struct fault *why, struct fault *fault)
{
	struct remoterun *r = s->run;
	struct buf said A_CLEANUP(buf_free) = {0};
	int pause = PAUSE_MS;

	tell(s, why, &said);
	for (;;) {
		sshlink_free(&r->link);
		r->link = (struct sshlink){0};
		remotelog_again(&s->log);
		/* with a wish to end, there is one more try and no other */
		if (!s->wanted)
			(void)heard_in(s, pause);
		if (sshlink_open(&r->link, r->place, r->config, fault) == 0)
			return 0;
		(void)heard_in(s, 0);
		if (s->wanted)
			return give_up(s, fault);
		tell(s, fault, &said);
		pause = pause < PAUSE_MAX_MS / 2 ? 2 * pause : PAUSE_MAX_MS;
	}
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

static int run_to_end(struct session *s, int *status, struct fault *fault)
{
	struct fault why;
	int ended;

	for (;;) {
		ended = follow(s, &why);
		if (ended == 0)
			ended = look(s, status, &why);
		if (ended > 0)
			return 0;
		if (ended < 0 && why.status != EX_UNAVAILABLE) {
			*fault = why;
			return -1;
		}
		/* a log that ends before the unikernel does was broken off */
		if (ended < 0 && connect_again(s, &why, fault) < 0)
			return -1;
		if (ended == 0) {
			remotelog_again(&s->log);
			(void)heard_in(s, PAUSE_MS / 4);
		}
	}
}

/* All that there is to know of it is here: its record and its log go. Its file stays, so that it
 * needn't be copied the next time. */
static void forget(struct session *s)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf ignored A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int status;

	remotemirari_command(&command);
	strv_list(&command, "rm", s->run->name);
	if (sshlink_run(&s->run->link, &command, -1, &ignored, NULL, &status, &fault) < 0)
		s->run->note(fault.text);
}

/* The connection was lost, or we were interrupted, while it was being started. */
static int find_started(struct session *s, struct fault *fault)
{
	struct remoteinstance there A_CLEANUP(remoteinstance_free) = {0};
	const struct fault why = *fault;

	if (connect_again(s, &why, fault) < 0 ||
	    remotemirari_look(&s->run->link, s->run->name, &there, fault) < 0)
		return -1;
	if (there.record.count && there.ours)
		return 0;
	*fault = why;
	return -1;
}

int remoterun(struct remoterun *r, int *status, struct fault *fault)
{
	struct session s = {.run = r, .from = {-1, -1}, .tie = -1};
	int result;

	s.log.streams[LOG_STDOUT].to = STDOUT_FILENO;
	s.log.streams[LOG_STDERR].to = STDERR_FILENO;
	signal(SIGPIPE, SIG_IGN); /* nobody reads: that is looked for */
	relay_start(&s.relay);
	result = remoterun_start(r, &s.relay, fault);
	if (result < 0 && r->may_run && fault->status == EX_UNAVAILABLE)
		result = find_started(&s, fault);
	else if (result < 0)
		(void)heard_in(&s, 0);
	/* before it runs, a signal ends us */
	if (result < 0)
		relay_stop(&s.relay, true);
	if (result == 0)
		result = run_to_end(&s, status, fault);
	if (result == 0)
		forget(&s);
	remotelog_free(&s.log);
	/* the unikernel's end is ours, also if a signal has led to it */
	relay_stop(&s.relay, false);
	return result;
}
