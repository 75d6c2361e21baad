#include "host/tapmark.h"

#include "tap.h"

#include <sys/socket.h>

static void put(char *into, size_t size, const char *text)
{
	snprintf(into, size, "%s", text);
}

static struct tapmark full(void)
{
	struct tapmark m = {.nat = true, .dhcp = {12, 34}, .made_for = {56, 78}};

	put(m.unikernel, sizeof m.unikernel, "www");
	put(m.device, sizeof m.device, "service");
	put(m.mac, sizeof m.mac, "02:00:00:00:00:01");
	put(m.guest, sizeof m.guest, "10.0.0.2/24");
	return m;
}

static void same(const struct tapmark *a, const struct tapmark *b)
{
	is_str(a->unikernel, b->unikernel, "unikernel");
	is_str(a->device, b->device, "device");
	is_str(a->mac, b->mac, "MAC");
	is_str(a->guest, b->guest, "guest");
	ok(a->nat == b->nat && a->dhcp.pid == b->dhcp.pid && a->dhcp.started == b->dhcp.started &&
		a->made_for.pid == b->made_for.pid && a->made_for.started == b->made_for.started,
	    "and the rest");
}

static void test_back(void)
{
	struct tapmark m = full(), back;
	char alias[LINK_ALIAS_MAX];

	tapmark_write(&m, alias);
	is_str(alias,
	    "mirari www/service mac=02:00:00:00:00:01 guest=10.0.0.2/24 nat dhcp=12.34 for=56.78",
	    "all of it");
	ok(tapmark_read(alias, &back), "is read");
	same(&back, &m);

	/* the longest that there is */
	memset(m.unikernel, 'n', sizeof m.unikernel - 1);
	memset(m.device, 'd', sizeof m.device - 1);
	put(m.guest, sizeof m.guest, "255.255.255.255/32");
	/* PID_MAX_LIMIT, and 3000 years of ticks */
	m.dhcp = m.made_for = (struct procid){4194304, 9999999999999};
	tapmark_write(&m, alias);
	ok(strlen(alias) < LINK_ALIAS_MAX - 1, "has room (%zu)", strlen(alias));
	ok(tapmark_read(alias, &back), "is read");
	same(&back, &m);

	m = (struct tapmark){.nat = false};
	put(m.device, sizeof m.device, "d");
	put(m.mac, sizeof m.mac, "02:00:00:00:00:01");
	tapmark_write(&m, alias);
	is_str(alias, "mirari /d mac=02:00:00:00:00:01", "the least");
	ok(tapmark_read(alias, &back), "is read");
	same(&back, &m);
}

static void test_bridge(void)
{
	static const char *const bad[] = {"mirari bridge",
	    "mirari bridge owner=", "mirari bridge owner=x", "mirari bridge owner=4294967295",
	    "mirari bridge owner=0x", "mirari bridge owner=0 dhcp=1",
	    "mirari bridge owner=0 for=", "mirari bridge owner=0 wanted=0",
	    "mirari bridge owner=0 wanted=x", "mirari bridge kept",
	    "mirari a/b mac=02:00:00:00:00:01"};
	struct bridgemark m = {.owner = 1000,
			      .kept = true,
			      .wanted = 12,
			      .nat = true,
			      .dhcp = {34, 56},
			      .made_for = {78, 90}},
			  back;
	char alias[LINK_ALIAS_MAX];

	bridgemark_write(&m, alias);
	is_str(
	    alias, "mirari bridge owner=1000 kept wanted=12 nat dhcp=34.56 for=78.90", "all of it");
	ok(bridgemark_read(alias, &back) && back.owner == 1000 && back.kept && back.nat &&
		back.wanted == 12 && procid_same(back.dhcp, m.dhcp) &&
		procid_same(back.made_for, m.made_for),
	    "is read");
	m = (struct bridgemark){.owner = 0};
	bridgemark_write(&m, alias);
	is_str(alias, "mirari bridge owner=0", "the least");
	ok(bridgemark_read(alias, &back) && !back.owner && !back.kept && !back.nat &&
		!back.wanted && !back.dhcp.pid && !back.made_for.pid,
	    "is read");
	ok(bridgemark_read("mirari bridge owner=7 later=1 natx keptx", &back) && back.owner == 7 &&
		!back.nat && !back.kept,
	    "words of a later version");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ok(!bridgemark_read(bad[i], &back), "not '%s'", bad[i]);
}

static void test_foreign(void)
{
	static const char *const bad[] = {"", "mirari", "mirari ", "mirari bridge",
	    "Mirari a/b mac=c", "mirari a/b", "mirari a/b ", "mirari ab mac=02:00:00:00:00:01",
	    "mirari a b/c mac=02:00:00:00:00:01", "mirari  a/b mac=02:00:00:00:00:01",
	    "mirari a/b mac=", "mirari a/b mac=02:00:00:00:00:01x", "mirari a/b mac",
	    "mirari a/b mac=02:00:00:00:00:01 dhcp=", "mirari a/b mac=02:00:00:00:00:01 dhcp=1",
	    "mirari a/b mac=02:00:00:00:00:01 dhcp=0.1", "mirari a/b mac=02:00:00:00:00:01 for=x.1",
	    "mirari a/b mac=02:00:00:00:00:01 for=1.1.1", "xmirari a/b mac=02:00:00:00:00:01",
	    "a tap of mirari a/b mac=02:00:00:00:00:01"};
	char longest[LINK_ALIAS_MAX];
	struct tapmark m;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ok(!tapmark_read(bad[i], &m), "not '%s'", bad[i]);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	memcpy(longest, "mirari ", 7);
	ok(!tapmark_read(longest, &m), "not a long one without a slash");
	longest[8] = '/';
	ok(!tapmark_read(longest, &m), "nor with too long a device");
	memcpy(longest + 200, "/d mac=02:00:00:00:00:01", 25);
	longest[8] = 'x';
	ok(!tapmark_read(longest, &m), "nor with too long a unikernel");
	/* words that a later version adds are passed over */
	ok(tapmark_read("mirari a/b new mac=02:00:00:00:00:01 more=1 nato natx=1 x", &m),
	    "more words");
	ok(!m.nat && !strcmp(m.mac, "02:00:00:00:00:01"), "are no others");
	ok(tapmark_read("mirari a/b mac=02:00:00:00:00:01 nat x", &m) && m.nat,
	    "nat in the middle");
	ok(tapmark_read("mirari a/b mac=02:00:00:00:00:01 nat", &m) && m.nat, "and at the end");
}

static struct link of(enum link_kind kind, unsigned group, const char *alias, const char *mac)
{
	struct link l = {.kind = kind, .group = group};

	snprintf(l.alias, sizeof l.alias, "%s", alias);
	memcpy(l.mac, mac, MAC_BYTES);
	return l;
}

static void test_ours(void)
{
	static const char tap[] = "mirari a/b mac=02:00:00:00:00:01", other[] = "\x02\0\0\0\0\1";
	static const char ours[] = MARK_BRIDGE_MAC "\1\2\3";
	char bridge[LINK_ALIAS_MAX];
	struct link link;

	tapmark_write_bridge(1000, bridge);
	is_str(bridge, "mirari bridge owner=1000", "the alias of a bridge");
	link = of(LINK_BRIDGE, MARK_GROUP, bridge, ours);
	is_int(link_owner(&link), 1000, "whose it is");
	link = of(LINK_BRIDGE, MARK_GROUP, "mirari bridge owner=4294967295", ours);
	ok(link_owner(&link) == NO_ID, "nobody's");
	const struct {
		const char *what;
		struct link link;
		bool tap, bridge;
	} cases[] = {
	    {"a tap", of(LINK_TAP, MARK_GROUP, tap, other), true, false},
	    {"one that is going", of(LINK_TAP, MARK_GROUP_DOOMED, tap, other), true, false},
	    {"another group", of(LINK_TAP, 0, tap, other), false, false},
	    {"another alias", of(LINK_TAP, MARK_GROUP, "x", other), false, false},
	    {"no alias", of(LINK_TAP, MARK_GROUP, "", ours), false, false},
	    {"a bridge's alias", of(LINK_TAP, MARK_GROUP, bridge, ours), false, false},
	    {"a tun", of(LINK_TUN, MARK_GROUP, tap, other), false, false},
	    {"anything", of(LINK_OTHER, MARK_GROUP, tap, other), false, false},
	    {"a bridge", of(LINK_BRIDGE, MARK_GROUP, bridge, other), false, true},
	    {"of another group", of(LINK_BRIDGE, 7, bridge, ours), false, false},
	    {"an unfinished one", of(LINK_BRIDGE, MARK_GROUP, "", ours), false, true},
	    {"somebody's", of(LINK_BRIDGE, MARK_GROUP, "", other), false, false},
	    {"of another alias", of(LINK_BRIDGE, MARK_GROUP, "x", ours), false, false},
	    {"without an owner", of(LINK_BRIDGE, MARK_GROUP, "mirari bridge", ours), false, false},
	    {"with an odd one", of(LINK_BRIDGE, MARK_GROUP, "mirari bridge owner=01", ours), false,
		false},
	    {"of a tap's alias", of(LINK_BRIDGE, MARK_GROUP, tap, ours), false, false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		is_int(link_is_our_tap(&cases[i].link), cases[i].tap, "tap: %s", cases[i].what);
		is_int(link_is_our_bridge(&cases[i].link), cases[i].bridge, "bridge: %s",
		    cases[i].what);
	}
}

static void test_of(void)
{
	struct address six = {.family = AF_INET6, .prefix = 64},
		       four = {.family = AF_INET, .prefix = 24};
	struct address both[2];
	struct netdev d = {.name = "service", .mac = {2, 0, 0, 0, 0, 0xff}};
	struct tapmark m;

	memcpy(four.bytes, "\x0a\0\0\2", 4);
	both[0] = six;
	both[1] = four;
	tapmark_of(&d, "", &m);
	ok(!m.unikernel[0] && !m.guest[0] && !m.nat && !m.dhcp.pid && !m.made_for.pid, "little");
	is_str(m.mac, "02:00:00:00:00:ff", "the MAC");
	d.guests.items = both;
	d.guests.count = 2;
	d.published_count = 1;
	tapmark_of(&d, "www", &m);
	is_str(m.guest, "10.0.0.2/24", "the IPv4 address among others");
	ok(m.nat, "published ports are in a table, too");
	is_str(m.unikernel, "www", "the unikernel");
}

int main(void)
{
	test_back();
	test_bridge();
	test_foreign();
	test_ours();
	test_of();
	return tap_end();
}
