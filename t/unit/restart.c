#include "model/restart.h"

#include "core/fault.h"
#include "tap.h"

static void test_policies(void)
{
	static const struct {
		const char *text;
		struct restart want;
	} good[] = {
	    {"no", {RESTART_NO, 0}},
	    {"always", {RESTART_ALWAYS, 0}},
	    {"on-failure", {RESTART_ON_FAILURE, 0}},
	    {"on-failure:1", {RESTART_ON_FAILURE, 1}},
	    {"on-failure:1000000", {RESTART_ON_FAILURE, 1000000}},
	};
	static const char *const bad[] = {"", "yes", "No", "no ", " no",
	    "on-failure:", "on-failure:0", "on-failure:1000001", "on-failure:-1", "on-failure: 1",
	    "on-failure:1x", "on-failure:01", "always:3", "no:1", "on-fail", "on-failures",
	    "never"};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct restart got = {.limit = 77};
		struct buf text A_CLEANUP(buf_free) = {0};

		ok(restart_parse(good[i].text, &got) && got.when == good[i].want.when &&
			got.limit == good[i].want.limit,
		    "%s", good[i].text);
		restart_text(&got, &text);
		is_str(buf_str(&text), good[i].text, "and back");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct restart got = {.when = RESTART_ALWAYS, .limit = 77};

		ok(!restart_parse(bad[i], &got) && got.when == RESTART_ALWAYS && got.limit == 77,
		    "'%s' is no policy", bad[i]);
	}
}

static enum restart_answer decide(enum restart_when when, int status, bool told)
{
	const struct restart policy = {.when = when};
	const struct restart_end end = {.status = status, .told = told, .lasted = 1};
	struct restart_history history = {0};
	int64_t wait = -1;
	enum restart_answer answer = restart_decide(&policy, &history, &end, 0, &wait);

	ok((answer == RESTART_AGAIN) == (wait >= 0), "a wait is for who is started again");
	return answer;
}

static void test_which(void)
{
	static const int statuses[] = {
	    0, 1, 2, 63, 64, 65, 70, 126, 127, 128, 129, 134, 137, 139, 143, 255};

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		int s = statuses[i];
		bool fails = s != 0 && s != 64 && s != 126 && s != 127;

		is_int(decide(RESTART_NO, s, false), RESTART_DONE, "no: not after %d", s);
		is_int(decide(RESTART_ALWAYS, s, false), RESTART_AGAIN, "always: after %d", s);
		is_int(decide(RESTART_ON_FAILURE, s, false), fails ? RESTART_AGAIN : RESTART_DONE,
		    "on-failure: after %d%s", s, fails ? "" : ", not");
		is_int(
		    decide(RESTART_ALWAYS, s, true), RESTART_DONE, "who was told to end has ended");
		is_int(decide(RESTART_ON_FAILURE, s, true), RESTART_DONE, "by each policy");
	}
}

/* The wait after a run that failed after so many milliseconds; -1: given up. */
static int64_t fail(
    const struct restart *policy, struct restart_history *history, int64_t lasted, uint32_t chance)
{
	const struct restart_end end = {.status = 1, .lasted = lasted};
	int64_t wait = -2;

	switch (restart_decide(policy, history, &end, chance, &wait)) {
	case RESTART_AGAIN:
		return wait;
	case RESTART_GIVE_UP:
		return -1;
	default:
		return -3;
	}
}

static void test_backoff(void)
{
	static const int64_t want[] = {
	    100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000, 60000};
	const struct restart policy = {.when = RESTART_ALWAYS};
	struct restart_history longest = {0}, shortest = {0}, middle = {0};

	for (size_t i = 0; i < COUNT_OF(want); i++) {
		is_int(fail(&policy, &longest, 5, UINT32_MAX), want[i], "wait %zu at most", i + 1);
		is_int(fail(&policy, &shortest, 5, 0), want[i] / 2, "and at least half of it");
		is_int(fail(&policy, &middle, 5, UINT32_MAX / 2), want[i] / 2 + want[i] / 4 - 1,
		    "by chance between them");
	}
	for (int i = 0; i < 100000; i++)
		if (fail(&policy, &longest, 5, UINT32_MAX) != RESTART_WAIT_MAX)
			break;
	is_int(longest.wait, RESTART_WAIT_MAX, "never more than a minute");
	is_int(longest.in_a_row, 100000 + COUNT_OF(want), "each of which is counted");
}

static void test_success(void)
{
	const struct restart policy = {.when = RESTART_ALWAYS};
	struct restart_history history = {0};

	is_int(fail(&policy, &history, 0, UINT32_MAX), 100, "the first wait");
	is_int(fail(&policy, &history, 10100, UINT32_MAX), 200,
	    "10 seconds and the last wait aren't enough");
	is_int(fail(&policy, &history, 10201, UINT32_MAX), 100, "anything more begins anew");
	for (int i = 0; i < 20; i++)
		(void)fail(&policy, &history, 0, 0);
	is_int(
	    fail(&policy, &history, 70000, UINT32_MAX), 60000, "after a minute's wait it has to");
	is_int(fail(&policy, &history, 70001, UINT32_MAX), 100, "last longer");
	is_int(history.in_a_row, 1, "the count begins anew, too");
}

static void test_limit(void)
{
	const struct restart policy = {.when = RESTART_ON_FAILURE, .limit = 3};
	struct restart_history history = {0};

	for (int i = 0; i < 3; i++)
		ok(fail(&policy, &history, 1, 0) > 0, "restart %d of 3", i + 1);
	is_int(fail(&policy, &history, 1, 0), -1, "then it gives up");
	is_int(history.in_a_row, 3, "after 3");
	is_int(fail(&policy, &history, 60000, UINT32_MAX), 100, "but not after a long run");
	ok(fail(&policy, &history, 1, 0) > 0 && fail(&policy, &history, 1, 0) > 0, "and 2 more");
	is_int(fail(&policy, &history, 1, 0), -1, "make 3 again");
}

int main(void)
{
	test_policies();
	test_which();
	test_backoff();
	test_success();
	test_limit();
	return tap_end();
}
