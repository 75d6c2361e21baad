#include "model/xllog.h"

#include "model/shutdown.h"

#include <stdio.h>
#include <string.h>

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* "Waiting for domain NAME (domid N) to die" */
static bool names_it(const char *line, const char *name, unsigned *domid)
{
	static const char before[] = "Waiting for domain ";
	size_t length = strlen(name);

	return begins(line, before) && !strncmp(line + sizeof before - 1, name, length) &&
	       sscanf(line + sizeof before - 1 + length, " (domid %u)", domid) == 1;
}

static void read_line(const char *line, const char *name, struct xl_log *l)
{
	unsigned domid;
	int reason;
	char action[24];

	if (names_it(line, name, &domid)) {
		*l = (struct xl_log){.watched = true, .reason = SHUTDOWN_UNKNOWN, .domid = domid};
	} else if (sscanf(line, "Domain %u has shut down, reason code %d", &domid, &reason) == 2) {
		l->reason = reason;
		l->suspended = reason == SHUTDOWN_SUSPEND;
	} else if (sscanf(line, "Action for shutdown reason code %d is %23s", &reason, action) ==
		   2) {
		l->preserved = !strcmp(action, "preserve");
	} else if (begins(line, "Done. Rebooting now")) {
		l->restarted = true;
	} else if (begins(line, "Done. Exiting now")) {
		l->ended = true;
	} else if (begins(line, "Domain ") && strstr(line, " has been destroyed")) {
		l->ended = true;
		if (l->reason == SHUTDOWN_UNKNOWN || l->reason == SHUTDOWN_SUSPEND)
			l->reason = SHUTDOWN_DESTROYED;
	}
}

void xl_log_parse(const char *text, const char *name, struct xl_log *into)
{
	char line[256];

	*into = (struct xl_log){.reason = SHUTDOWN_UNKNOWN};
	while (*text) {
		size_t length = strcspn(text, "\n");

		snprintf(line, sizeof line, "%.*s",
		    (int)(length < sizeof line ? length : sizeof line - 1), text);
		/* the last line may still be written */
		if (text[length])
			read_line(line, name, into);
		text += length + (text[length] == '\n');
	}
}
