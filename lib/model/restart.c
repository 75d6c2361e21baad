#include "model/restart.h"

#include "core/fault.h"
#include "core/num.h"

#include <string.h>

static const char *const names[] = {"no", "on-failure", "always"};

bool restart_parse(const char *text, struct restart *into)
{
	static const char limited[] = "on-failure:";
	uint64_t limit;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(text, names[i])) {
			*into = (struct restart){.when = (enum restart_when)i};
			return true;
		}
	if (strncmp(text, limited, strlen(limited)) ||
	    num_parse(text + strlen(limited), 1, RESTART_LIMIT_MAX, &limit) != NUM_OK)
		return false;
	*into = (struct restart){.when = RESTART_ON_FAILURE, .limit = (uint32_t)limit};
	return true;
}

void restart_text(const struct restart *policy, struct buf *into)
{
	buf_adds(into, names[policy->when]);
	if (policy->limit)
		buf_printf(into, ":%u", policy->limit);
}

static bool is_wanted(const struct restart *policy, const struct restart_end *end)
{
	if (end->told || policy->when == RESTART_NO)
		return false;
	return policy->when == RESTART_ALWAYS ||
	       (end->status != EX_OK && end->status != EX_USAGE &&
		   end->status != EXIT_CANNOT_EXEC && end->status != EXIT_NOT_FOUND);
}

enum restart_answer restart_decide(const struct restart *policy, struct restart_history *history,
    const struct restart_end *end, uint32_t chance, int64_t *wait)
{
	int64_t half;

	if (!is_wanted(policy, end))
		return RESTART_DONE;
	if (end->lasted > RESTART_LASTED + history->wait)
		*history = (struct restart_history){0};
	if (policy->limit && history->in_a_row >= policy->limit)
		return RESTART_GIVE_UP;
	if (history->in_a_row < UINT32_MAX)
		history->in_a_row++;
	history->wait = history->wait ? 2 * history->wait : RESTART_WAIT_FIRST;
	if (history->wait > RESTART_WAIT_MAX)
		history->wait = RESTART_WAIT_MAX;
	half = history->wait / 2;
	*wait = history->wait - half + half * (int64_t)chance / UINT32_MAX;
	return RESTART_AGAIN;
}
