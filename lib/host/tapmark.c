#include "host/tapmark.h"

#include "core/num.h"

#include <stdio.h>
#include <string.h>

#define BEGINNING "mirari "
#define BRIDGE BEGINNING "bridge owner="

void tapmark_of(const struct netdev *device, const char *unikernel, struct tapmark *into)
{
	const struct address *guest = netdev_ipv4(&device->guests);
	struct buf text A_CLEANUP(buf_free) = {0};

	*into = (struct tapmark){0};
	snprintf(into->unikernel, sizeof into->unikernel, "%s", unikernel);
	snprintf(into->device, sizeof into->device, "%s", device->name);
	mac_text(device->mac, &text);
	snprintf(into->mac, sizeof into->mac, "%s", buf_str(&text));
	buf_clear(&text);
	into->nat = device->nat || device->published_count;
	if (guest)
		address_text(guest, &text);
	snprintf(into->guest, sizeof into->guest, "%s", buf_str(&text));
}

static void add_process(struct buf *into, const char *word, struct procid id)
{
	if (!id.pid)
		return;
	buf_printf(into, " %s=", word);
	procid_text(id, into);
}

void tapmark_write(const struct tapmark *mark, char into[LINK_ALIAS_MAX])
{
	struct buf text A_CLEANUP(buf_free) = {0};

	buf_printf(&text, BEGINNING "%s/%s mac=%s", mark->unikernel, mark->device, mark->mac);
	if (mark->guest[0])
		buf_printf(&text, " guest=%s", mark->guest);
	if (mark->nat)
		buf_adds(&text, " nat");
	add_process(&text, "dhcp", mark->dhcp);
	add_process(&text, "for", mark->made_for);
	/* the longest: 7 + 64 + 1 + 64, and 22 + 25 + 4 + 27 + 26 for what follows: a process's
	 * number is at most 4194304 (PID_MAX_LIMIT), a time 13 digits */
	snprintf(into, LINK_ALIAS_MAX, "%s", buf_str(&text));
}

/* The word that begins at `from`, without the key in front of it; false when it isn't that key. */
static bool word(const char *from, const char *key, char *into, size_t size)
{
	size_t length = strlen(key), end = strcspn(from, " ");

	if (strncmp(from, key, length) || from[length] != '=' || end - length - 1 >= size)
		return false;
	memcpy(into, from + length + 1, end - length - 1);
	into[end - length - 1] = '\0';
	return true;
}

static bool read_words(const char *text, struct tapmark *into)
{
	while (*text == ' ') {
		char process[48];

		text++;
		if (word(text, "dhcp", process, sizeof process) &&
		    !procid_parse(process, &into->dhcp))
			return false;
		if (word(text, "for", process, sizeof process) &&
		    !procid_parse(process, &into->made_for))
			return false;
		into->nat = into->nat || (!strncmp(text, "nat", 3) && strchr(" ", text[3]));
		if (!word(text, "mac", into->mac, sizeof into->mac))
			(void)word(text, "guest", into->guest, sizeof into->guest);
		text += strcspn(text, " ");
	}
	return !*text && into->mac[0];
}

bool tapmark_read(const char *alias, struct tapmark *into)
{
	const char *name = alias + strlen(BEGINNING), *slash, *end;

	*into = (struct tapmark){0};
	if (strncmp(alias, BEGINNING, strlen(BEGINNING)) || !(slash = strchr(name, '/')))
		return false;
	end = slash + strcspn(slash, " ");
	if ((size_t)(slash - name) >= sizeof into->unikernel ||
	    strcspn(name, " ") < (size_t)(slash - name) ||
	    (size_t)(end - slash - 1) >= sizeof into->device)
		return false;
	memcpy(into->unikernel, name, (size_t)(slash - name));
	memcpy(into->device, slash + 1, (size_t)(end - slash - 1));
	return read_words(end, into);
}

void bridgemark_write(const struct bridgemark *mark, char into[LINK_ALIAS_MAX])
{
	struct buf text A_CLEANUP(buf_free) = {0};

	buf_printf(&text, BRIDGE "%u", mark->owner);
	if (mark->kept)
		buf_adds(&text, " kept");
	if (mark->wanted)
		buf_printf(&text, " wanted=%lld", (long long)mark->wanted);
	if (mark->nat)
		buf_adds(&text, " nat");
	add_process(&text, "dhcp", mark->dhcp);
	add_process(&text, "for", mark->made_for);
	snprintf(into, LINK_ALIAS_MAX, "%s", buf_str(&text));
}

/* One of the words behind the owner; one that isn't known is passed over. */
static bool read_bridge_word(const char *text, struct bridgemark *into)
{
	size_t length = strcspn(text, " ");
	uint64_t number;
	char value[48];

	if (word(text, "dhcp", value, sizeof value))
		return procid_parse(value, &into->dhcp);
	if (word(text, "for", value, sizeof value))
		return procid_parse(value, &into->made_for);
	if (word(text, "wanted", value, sizeof value)) {
		if (num_parse(value, 1, INT64_MAX, &number) != NUM_OK)
			return false;
		into->wanted = (int64_t)number;
	}
	into->kept = into->kept || (length == 4 && !strncmp(text, "kept", length));
	into->nat = into->nat || (length == 3 && !strncmp(text, "nat", length));
	return true;
}

bool bridgemark_read(const char *alias, struct bridgemark *into)
{
	const char *text = alias + strlen("mirari bridge ");
	uint64_t owner;
	char value[16];

	*into = (struct bridgemark){.owner = NO_ID};
	if (strncmp(alias, BRIDGE, strlen(BRIDGE)) || !word(text, "owner", value, sizeof value) ||
	    num_parse(value, 0, NO_ID - 1, &owner) != NUM_OK)
		return false;
	for (text += strcspn(text, " "); *text == ' '; text += strcspn(text, " "))
		if (!read_bridge_word(++text, into))
			return false;
	into->owner = (uid_t)owner;
	return !*text;
}

void tapmark_write_bridge(uid_t owner, char into[LINK_ALIAS_MAX])
{
	bridgemark_write(&(struct bridgemark){.owner = owner}, into);
}

static bool is_marked(const struct link *link)
{
	return link->group == MARK_GROUP || link->group == MARK_GROUP_DOOMED;
}

bool link_is_our_tap(const struct link *link)
{
	struct tapmark ignored;

	return link->kind == LINK_TAP && is_marked(link) && tapmark_read(link->alias, &ignored);
}

bool link_is_our_bridge(const struct link *link)
{
	bool unfinished =
	    !*link->alias && !memcmp(link->mac, MARK_BRIDGE_MAC, MARK_BRIDGE_MAC_BYTES);

	return link->kind == LINK_BRIDGE && is_marked(link) &&
	       (unfinished || link_owner(link) != NO_ID);
}

bool link_is_ours(const struct link *link)
{
	return link_is_our_tap(link) || link_is_our_bridge(link);
}

uid_t link_owner(const struct link *link)
{
	struct bridgemark mark;

	if (link->kind == LINK_TAP)
		return link->owner;
	return link->kind == LINK_BRIDGE && bridgemark_read(link->alias, &mark) ? mark.owner
										: NO_ID;
}
