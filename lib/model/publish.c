#include "model/publish.h"

#include "core/num.h"

#include <arpa/inet.h>
#include <string.h>

/* The bytes from `text` up to `end` as a port. */
static bool port(const char *text, const char *end, uint16_t *into)
{
	uint64_t number;

	if (num_parse_bytes(text, (size_t)(end - text), 1, 65535, &number) != NUM_OK)
		return false;
	*into = (uint16_t)number;
	return true;
}

bool publish_parse(const char *text, struct publish *into)
{
	struct publish parsed = {.host = 0};
	const char *end = text + strcspn(text, "/"), *colon = strchr(text, ':'), *second;
	char address[INET_ADDRSTRLEN];

	parsed.udp = !strcmp(end, "/udp");
	if ((*end && !parsed.udp && strcmp(end, "/tcp")) || !colon || colon > end)
		return false;
	second = strchr(colon + 1, ':');
	if (second) {
		size_t length = (size_t)(colon - text);

		if (length >= sizeof address || second > end)
			return false;
		memcpy(address, text, length);
		address[length] = '\0';
		if (inet_pton(AF_INET, address, &parsed.address) != 1)
			return false;
		text = colon + 1;
		colon = second;
	}
	if (!port(text, colon, &parsed.host) || !port(colon + 1, end, &parsed.guest))
		return false;
	*into = parsed;
	return true;
}

bool publish_same_port(const struct publish *a, const struct publish *b)
{
	return a->host == b->host && a->udp == b->udp && a->address.s_addr == b->address.s_addr;
}
