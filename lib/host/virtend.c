#include "host/virtend.h"

#include "core/clock.h"
#include "core/mem.h"
#include "host/virtdomain.h"
#include "host/virtpin.h"

#include <stdlib.h>

enum { RELEASE_MS = 1000, LOOK_MS = 50 };

static int wait_for(struct virtlife *l, struct fault *fault)
{
	while (!l->ended) {
		enum virtlife_news news;

		if (virtlife_turn(l, -1, &news, fault) < 0)
			return -1;
	}
	return 0;
}

static int begin(struct virt *v, struct virtlife *l, const char *name, struct fault *fault)
{
	virDomainPtr domain;

	*l = (struct virtlife){.virt = v, .name = name, .callback = -1};
	if (virtdomain_find_ours(v, name, "stop", &domain, fault) < 0)
		return -1;
	return virtlife_start(l, domain, fault);
}

/* Who has its console takes what it was pinned by away; unless that was killed. */
static void release(const struct virtlife *l)
{
	const int64_t until = clock_ms() + RELEASE_MS;
	struct fault ignored;

	while (l->domain && virtpin_is_left(l->domain)) {
		if (clock_ms() >= until)
			virtpin_release(l->domain);
		else if (virt_turn(clock_ms() + LOOK_MS, &ignored) < 0)
			return;
	}
}

void virtend_stop(
    struct virt *v, const struct strv *names, int64_t milliseconds, struct virtending *each)
{
	struct virtlife *lives = mem_zeroed(names->count, sizeof *lives);

	/* all are asked before one is waited for */
	for (size_t i = 0; i < names->count; i++) {
		each[i] = (struct virtending){.name = names->items[i]};
		each[i].result = begin(v, &lives[i], each[i].name, &each[i].fault);
		each[i].absent = each[i].result < 0 && !virtdomain_is_there(v, each[i].name);
		if (each[i].result == 0)
			virtlife_stop(&lives[i], milliseconds);
	}
	for (size_t i = 0; i < names->count; i++) {
		if (each[i].result == 0)
			each[i].result = wait_for(&lives[i], &each[i].fault);
		each[i].reason = lives[i].reason;
		release(&lives[i]);
		virtlife_free(&lives[i]);
	}
	free(lives);
}

int virtend_wait(
    struct virt *v, const char *name, virt_note *note, int *reason, struct fault *fault)
{
	struct virtlife l = {.virt = v, .stay = true, .note = note, .name = name, .callback = -1};
	virDomainPtr domain;
	int result;

	if (virtdomain_find(v, name, &domain, fault) < 0)
		return -1;
	result = virtlife_start(&l, domain, fault);
	if (result == 0)
		result = wait_for(&l, fault);
	*reason = l.reason;
	virtlife_free(&l);
	return result;
}
