#include "core/procstat.h"

#include "core/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool parse(const char *text, struct procstat *into)
{
	const char *next = strrchr(text, ')');

	if (!next || next[1] != ' ' || !next[2])
		return false;
	into->ended = next[2] == 'Z' || next[2] == 'X';
	next += 3;
	for (int i = PROCSTAT_PPID; i < PROCSTAT_FIELDS; i++) {
		bool negative = next[0] == ' ' && next[1] == '-';
		uint64_t number = 0;

		if (*next != ' ')
			return false;
		for (next += 1 + negative; *next >= '0' && *next <= '9'; next++)
			number = number * 10 + (uint64_t)(*next - '0');
		into->fields[i] = negative ? 0 : number;
	}
	return true;
}

bool procstat_read(pid_t pid, struct procstat *into)
{
	char path[32], text[1024];
	int fd A_CLEANUP(fd_close) = -1;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return parse(text, into);
}
