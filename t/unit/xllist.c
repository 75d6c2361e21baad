/* What xl prints, and what the xl that watches over a domain writes. */
#include "model/shutdown.h"
#include "model/xllist.h"
#include "model/xllog.h"
#include "tap.h"

#define HEADING \
	"Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID       " \
	" " \
	"                    Reason-Code\tSecurity Label\n"
#define DOM0 \
	"Domain-0                                     0   512     1     r-----       8.8 " \
	"00000000-0000-0000-0000-000000000000        -                -\n"
#define OURS \
	"www                                          5    32     2     -b----       0.3 " \
	"4d697261-7269-8123-8123-0123456789ab        -                -\n"

static void test_list(void)
{
	struct xl_list l = {.count = 0};
	const struct xl_listed *d;

	ok(xl_list_parse(HEADING DOM0 OURS
	       "odd  name 7 x                                7   128     1     ---sc-   12345.6 "
	       "00000000-0000-0000-0000-000000000007        3                -\n",
	       &l),
	    "a list is read");
	is_int(l.count, 3, "all of it");
	d = xl_list_find(&l, "www");
	ok(d && d->domid == 5 && d->memory == 32 && d->cpus == 2 && d->blocked && !d->ended,
	    "a domain");
	is_str(d ? d->uuid : "", "4d697261-7269-8123-8123-0123456789ab", "its UUID");
	is_str(d ? xl_listed_state(d) : "", "blocked", "its state");
	d = xl_list_find(&l, "odd  name 7 x");
	ok(d && d->domid == 7 && d->ended && d->reason == SHUTDOWN_CRASH, "a name with blanks");
	is_str(d ? xl_listed_state(d) : "", "crashed", "one that has crashed");
	ok(d && d->seconds > 12345.5 && d->seconds < 12345.7, "its time");
	ok(!xl_list_find(&l, "ww"), "names are whole");
	xl_list_free(&l);
	ok(xl_list_parse(HEADING, &l) && l.count == 0, "an empty one");
	ok(xl_list_parse("", &l) && l.count == 0, "nothing");
}

static void test_bad_list(void)
{
	static const char *const bad[] = {"www\n", "www 5 32 2 -b---- 0.3\n",
	    "www 5 32 2 -b--- 0.3 4d697261-7269-8123-8123-0123456789ab - -\n",
	    "www x 32 2 -b---- 0.3 4d697261-7269-8123-8123-0123456789ab - -\n",
	    "www 5 32 2 -b---- zz 4d697261-7269-8123-8123-0123456789ab - -\n",
	    "www 5 32 2 -b---- 0.3 4d697261 - -\n",
	    "5 32 2 -b---- 0.3 4d697261-7269-8123-8123-0123456789ab - -\n",
	    "www 5 32 2 ---s-- 0.3 4d697261-7269-8123-8123-0123456789ab - -\n"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct xl_list l = {.count = 0};
		char text[256];

		snprintf(text, sizeof text, "%s%s", "Name ID\n", bad[i]);
		ok(!xl_list_parse(text, &l), "not xl's: %zu", i);
		xl_list_free(&l);
	}
}

/* After a restart the old domain may still be there. */
static void test_two_of_a_name(void)
{
	struct xl_list l = {.count = 0};
	const struct xl_listed *d;

	ok(xl_list_parse(
	       HEADING "www 4 0 1 ---s-d 0.3 4d697261-7269-8123-8123-0123456789ab 1 -\n" OURS, &l),
	    "two of one name");
	d = xl_list_find(&l, "www");
	is_int(d ? d->domid : 0, 5, "the one that hasn't ended counts");
	xl_list_free(&l);
}

#define WATCHES "Waiting for domain www (domid 5) to die [pid 217]\n"
#define ENDED(code) \
	WATCHES "Domain 5 has shut down, reason code " code " 0x" code \
		"\nAction for shutdown reason code " code " is destroy\n" \
		"Domain 5 needs to be cleaned up: destroying the domain\n"

static void test_log(void)
{
	struct xl_log log;

	xl_log_parse("", "www", &log);
	ok(!log.watched && !log.ended, "no log");
	xl_log_parse(WATCHES, "www", &log);
	ok(log.watched && !log.ended && log.domid == 5, "it runs");
	xl_log_parse(WATCHES, "ww", &log);
	ok(!log.watched, "another's");
	xl_log_parse(ENDED("3"), "www", &log);
	ok(log.reason == SHUTDOWN_CRASH && !log.ended, "it has crashed, and is cleared away");
	xl_log_parse(ENDED("3") "Done. Exiting now", "www", &log);
	ok(!log.ended, "half a line is none");
	xl_log_parse(ENDED("3") "Done. Exiting now\n", "www", &log);
	ok(log.ended && log.reason == SHUTDOWN_CRASH && !log.preserved, "it is over");
	xl_log_parse(ENDED("1") "Done. Rebooting now\n", "www", &log);
	ok(log.restarted && !log.ended, "it is made anew");
	xl_log_parse(ENDED("1") "Done. Rebooting now\nWaiting for domain www (domid 6) to die [pid "
				"217]\n",
	    "www", &log);
	ok(!log.restarted && !log.ended && log.domid == 6 && log.reason == SHUTDOWN_UNKNOWN,
	    "and runs again");
	xl_log_parse(WATCHES "Domain 5 has been destroyed.\n", "www", &log);
	ok(log.ended && log.reason == SHUTDOWN_DESTROYED, "somebody has destroyed it");
	xl_log_parse(WATCHES
	    "Domain 5 has shut down, reason code 3 0x3\nAction for shutdown reason "
	    "code 3 is preserve\nDone. Exiting now\n",
	    "www", &log);
	ok(log.ended && log.preserved && log.reason == SHUTDOWN_CRASH, "it is kept");
	xl_log_parse(WATCHES "Domain 5 has shut down, reason code 2 0x2\nDomain has suspended.\n"
			     "Continue waiting for domain 5\n",
	    "www", &log);
	ok(log.suspended && !log.ended, "it is suspended");
}

static void test_status(void)
{
	is_int(shutdown_status(SHUTDOWN_POWEROFF), 0, "poweroff");
	is_int(shutdown_status(SHUTDOWN_CRASH), 1, "crash");
	is_int(shutdown_status(SHUTDOWN_WATCHDOG), 1, "watchdog");
	is_int(shutdown_status(SHUTDOWN_REBOOT), 75, "reboot");
	is_int(shutdown_status(SHUTDOWN_DESTROYED), 137, "destroyed");
	is_int(shutdown_status(200), 1, "another number");
	is_str(shutdown_name(SHUTDOWN_SOFT_RESET), "soft reset", "a name");
	is_str(shutdown_name(-1), "unknown", "none");
}

int main(void)
{
	test_list();
	test_bad_list();
	test_two_of_a_name();
	test_log();
	test_status();
	return tap_end();
}
