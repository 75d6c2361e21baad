#include "host/nameservers.h"

#include "core/buf.h"
#include "core/fd.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

const char *const nameservers_files[] = {
    "/run/systemd/resolve/resolv.conf", "/etc/resolv.conf", NULL};

static const char keyword[] = "nameserver";

static bool is_reachable(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	return a >> 24 != 0 && a >> 24 != IN_LOOPBACKNET && !IN_MULTICAST(a) &&
	       a != INADDR_BROADCAST;
}

/* "nameserver", at the very beginning of the line, blanks, and the address. */
static bool parse(const char *line, size_t length, struct in_addr *address)
{
	char word[INET_ADDRSTRLEN];
	const char *end = line + length;
	size_t n;

	if (length < sizeof keyword || memcmp(line, keyword, sizeof keyword - 1) != 0)
		return false;
	line += sizeof keyword - 1;
	if (*line != ' ' && *line != '\t')
		return false;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	for (n = 0; line < end && !strchr(" \t\r", *line); line++) {
		if (n == sizeof word - 1)
			return false;
		word[n++] = *line;
	}
	word[n] = '\0';
	return inet_pton(AF_INET, word, address) == 1 && is_reachable(*address);
}

static void add(struct in_addr *into, size_t *count, struct in_addr address)
{
	for (size_t i = 0; i < *count; i++)
		if (into[i].s_addr == address.s_addr)
			return;
	if (*count < NAMESERVERS_MAX)
		into[(*count)++] = address;
}

size_t nameservers_read(const char *const *files, struct in_addr into[NAMESERVERS_MAX])
{
	size_t count = 0;

	for (; *files && !count; files++) {
		struct buf text A_CLEANUP(buf_free) = {.max = 1 << 16};
		struct fault ignored;
		const char *line;

		if (file_read(*files, EX_UNAVAILABLE, &text, &ignored) < 0)
			continue;
		for (line = buf_str(&text); *line; line += strspn(line, "\n")) {
			size_t length = strcspn(line, "\n");
			struct in_addr address;

			if (parse(line, length, &address))
				add(into, &count, address);
			line += length;
		}
	}
	return count;
}
