#include "model/xllist.h"

#include "core/mem.h"
#include "core/num.h"
#include "model/shutdown.h"

#include <stdlib.h>
#include <string.h>

enum { ID, MEMORY, VCPUS, STATE, SECONDS, UUID, REASON, LABEL, BEHIND_NAME };

#define SPACE " \t"

void xl_list_free(struct xl_list *l)
{
	strv_free(&l->names);
	free(l->items);
	*l = (struct xl_list){0};
}

/* The last words of the line; what is in front of them is returned as its length, or 0. */
static size_t split_end(char *line, char *words[BEHIND_NAME])
{
	size_t length = strlen(line);

	for (int i = BEHIND_NAME - 1; i >= 0; i--) {
		while (length && strchr(SPACE, line[length - 1]))
			length--;
		line[length] = '\0';
		while (length && !strchr(SPACE, line[length - 1]))
			length--;
		words[i] = line + length;
	}
	while (length && strchr(SPACE, line[length - 1]))
		length--;
	return length;
}

static bool parse_state(const char *state, struct xl_listed *into)
{
	if (strlen(state) != 6)
		return false;
	into->running = state[0] == 'r';
	into->blocked = state[1] == 'b';
	into->paused = state[2] == 'p';
	into->ended = state[3] == 's';
	into->dying = state[5] == 'd';
	return true;
}

static bool parse_line(char *line, struct strv *names, struct xl_listed *into)
{
	char *words[BEHIND_NAME], *end;
	size_t length = split_end(line, words);
	uint64_t id, cpus;

	if (!length || num_parse(words[ID], 0, UINT32_MAX, &id) != NUM_OK ||
	    num_parse(words[MEMORY], 0, UINT64_MAX, &into->memory) != NUM_OK ||
	    num_parse(words[VCPUS], 0, UINT32_MAX, &cpus) != NUM_OK ||
	    !parse_state(words[STATE], into) || strlen(words[UUID]) != DOMAIN_UUID_LENGTH)
		return false;
	into->domid = (unsigned)id;
	into->cpus = (unsigned)cpus;
	into->seconds = strtod(words[SECONDS], &end);
	if (*end || end == words[SECONDS])
		return false;
	memcpy(into->uuid, words[UUID], sizeof into->uuid);
	into->reason = SHUTDOWN_UNKNOWN;
	if (into->ended) {
		into->reason = (int)strtol(words[REASON], &end, 16);
		if (*end || end == words[REASON])
			return false;
	}
	line[length] = '\0';
	strv_add(names, line);
	return true;
}

bool xl_list_parse(const char *text, struct xl_list *into)
{
	bool heading = true;

	while (*text) {
		size_t length = strcspn(text, "\n");
		struct xl_listed one = {.name = NULL};
		char *line;
		bool fine = true;

		if (!heading && length) {
			line = mem_copy(text, length);
			fine = parse_line(line, &into->names, &one);
			free(line);
		}
		if (!fine)
			return false;
		if (!heading && length) {
			into->items = mem_resize(into->items, into->count + 1, sizeof *into->items);
			into->items[into->count++] = one;
		}
		heading = false;
		text += length + (text[length] == '\n');
	}
	for (size_t i = 0; i < into->count; i++)
		into->items[i].name = into->names.items[i];
	return true;
}

const struct xl_listed *xl_list_find(const struct xl_list *l, const char *name)
{
	const struct xl_listed *found = NULL;

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->items[i].name, name) && (!found || found->ended))
			found = &l->items[i];
	return found;
}

const char *xl_listed_state(const struct xl_listed *d)
{
	if (d->dying)
		return "dying";
	if (d->ended)
		return d->reason == SHUTDOWN_CRASH || d->reason == SHUTDOWN_WATCHDOG ? "crashed"
										     : "shutdown";
	return d->paused ? "paused" : d->blocked ? "blocked" : "running";
}
