/* Which address a MAC address gets. */
#include "host/dhcppool.h"

#include "tap.h"

#include <arpa/inet.h>

static struct in_addr address(const char *text)
{
	struct in_addr a;

	inet_pton(AF_INET, text, &a);
	return a;
}

static struct dhcppool_network network(const char *host, unsigned prefix)
{
	return (struct dhcppool_network){.host = address(host), .prefix = prefix};
}

static const uint8_t *mac(unsigned number)
{
	static uint8_t bytes[4][6];
	static unsigned next;
	uint8_t *m = bytes[next++ % 4];

	m[0] = 2;
	m[4] = (uint8_t)(number >> 8);
	m[5] = (uint8_t)number;
	return m;
}

/* What this one gets, or "none". */
static const char *choose(const struct dhcppool *p, const struct dhcppool_network *n,
    unsigned number, const char *asked, int64_t now)
{
	static char text[4][INET_ADDRSTRLEN];
	static unsigned next;
	char *into = text[next++ % 4];
	struct in_addr got;

	if (!dhcppool_choose(p, n, mac(number), address(asked), now, &got))
		return "none";
	inet_ntop(AF_INET, &got, into, INET_ADDRSTRLEN);
	return into;
}

static void hold(struct dhcppool *p, unsigned number, const char *what, int64_t until)
{
	dhcppool_hold(p, mac(number), address(what), until);
}

static void test_all(void)
{
	const struct in_addr taken[] = {address("10.0.0.3"), address("10.0.0.4")};
	struct dhcppool_network n = network("10.0.0.6", 29);
	struct dhcppool p = {0};
	bool seen[8] = {false};

	n.taken = taken;
	n.taken_count = 2;
	/* 1, 2 and 5 are left */
	for (unsigned i = 0; i < 3; i++) {
		const char *got = choose(&p, &n, i, "0.0.0.0", 0);
		unsigned last = (unsigned)(got[strlen(got) - 1] - '0');

		ok(last < 8 && (last == 1 || last == 2 || last == 5) && !seen[last],
		    "guest %u gets one that is free: %s", i, got);
		seen[last] = true;
		hold(&p, i, got, 100);
		is_str(choose(&p, &n, i, "0.0.0.0", 50), got, "and that again");
		is_str(choose(&p, &n, i, "10.0.0.7", 50), got, "whatever it asks for");
	}
	is_str(choose(&p, &n, 9, "0.0.0.0", 50), "none", "and then there is none");
	is_int(p.count, 3, "three are known");
	dhcppool_free(&p);
	dhcppool_free(&p);
}

/* Whether every one of a network is given, and each once. */
static void test_every(const char *host, unsigned prefix, unsigned size)
{
	struct dhcppool_network n = network(host, prefix);
	struct dhcppool p = {0};
	unsigned got = 0;
	struct in_addr one;
	bool apart = true, inside = true;

	for (unsigned i = 0; dhcppool_choose(&p, &n, mac(i), address("0.0.0.0"), 0, &one); i++) {
		uint32_t bits = ntohl(one.s_addr) & (0xffffffffu >> prefix);

		inside = inside && one.s_addr != n.host.s_addr &&
			 (prefix == 31 || (bits && bits != 0xffffffffu >> prefix));
		for (size_t k = 0; k < p.count; k++)
			apart = apart && p.items[k].address.s_addr != one.s_addr;
		dhcppool_hold(&p, mac(i), one, 1000);
		got++;
	}
	is_int(got, size, "a /%u has %u", prefix, size);
	ok(apart && inside, "each once, and none that nobody may have");
	dhcppool_free(&p);
}

static void test_asked(void)
{
	const struct in_addr taken[] = {address("10.0.0.50")};
	struct dhcppool_network n = network("10.0.0.1", 24);
	struct dhcppool p = {0};
	const char *own = choose(&p, &n, 1, "0.0.0.0", 0);

	n.taken = taken;
	n.taken_count = 1;
	is_str(choose(&p, &n, 1, "10.0.0.77", 0), "10.0.0.77", "one that is free is given");
	is_str(choose(&p, &n, 1, "10.0.0.50", 0), own, "one that is taken isn't");
	is_str(choose(&p, &n, 1, "10.0.0.1", 0), own, "nor the host's");
	is_str(choose(&p, &n, 1, "10.0.0.0", 0), own, "nor the network's");
	is_str(choose(&p, &n, 1, "10.0.0.255", 0), own, "nor the broadcast address");
	is_str(choose(&p, &n, 1, "10.0.1.5", 0), own, "nor another network's");
	hold(&p, 2, "10.0.0.77", 10);
	is_str(choose(&p, &n, 1, "10.0.0.77", 20), own, "nor one that another has had");
	hold(&p, 1, "10.0.0.50", 10);
	is_str(choose(&p, &n, 1, "0.0.0.0", 0), own, "what was reserved since is left");
	dhcppool_free(&p);
}

static void test_collision(void)
{
	struct dhcppool_network n = network("10.0.0.1", 24);
	struct dhcppool p = {0};
	const char *first = choose(&p, &n, 1, "0.0.0.0", 0), *second;

	hold(&p, 2, first, 100);
	second = choose(&p, &n, 1, "0.0.0.0", 0);
	ok(strcmp(first, second), "the next one when it is taken");
	hold(&p, 1, second, 100);
	dhcppool_end(&p, mac(2), 50);
	is_str(choose(&p, &n, 1, "0.0.0.0", 60), second, "and keeps it when the other goes");
	is_str(choose(&p, &n, 2, "0.0.0.0", 60), first, "who comes back to its own");
	dhcppool_free(&p);
}

static void test_ended(void)
{
	struct dhcppool_network n = network("10.0.0.1", 29);
	struct dhcppool p = {0};

	for (unsigned i = 0; i < 5; i++) {
		char text[INET_ADDRSTRLEN];

		snprintf(text, sizeof text, "10.0.0.%u", 2 + i);
		hold(&p, i, text, 100 - i);
	}
	is_str(choose(&p, &n, 9, "0.0.0.0", 90), "none", "all are in use");
	is_str(choose(&p, &n, 9, "0.0.0.0", 98), "10.0.0.6", "the one that is over for longest");
	hold(&p, 9, "10.0.0.6", 200);
	is_int(p.count, 5, "its former guest is forgotten");
	is_str(choose(&p, &n, 4, "0.0.0.0", 98), "10.0.0.5", "and gets another's");
	is_str(choose(&p, &n, 9, "0.0.0.0", 99), "10.0.0.6", "the new one stays");
	/* an offer in between */
	hold(&p, 9, "10.0.0.6", 150);
	is_str(choose(&p, &n, 8, "10.0.0.6", 180), "10.0.0.5", "an offer makes no lease shorter");
	dhcppool_free(&p);
}

static void test_refused(void)
{
	struct dhcppool_network n = network("10.0.0.1", 29);
	struct dhcppool p = {0};
	const char *first = choose(&p, &n, 1, "0.0.0.0", 0);

	hold(&p, 1, first, 100);
	dhcppool_refuse(&p, mac(1), 600);
	ok(strcmp(choose(&p, &n, 1, "0.0.0.0", 0), first), "another one");
	ok(strcmp(choose(&p, &n, 1, first, 0), first), "also when it asks for that");
	ok(strcmp(choose(&p, &n, 2, first, 0), first), "and for everybody else");
	dhcppool_refuse(&p, mac(7), 600);
	is_int(p.count, 1, "one that has none can't refuse it");
	dhcppool_free(&p);
}

static void test_many(void)
{
	struct dhcppool_network n = network("10.0.0.1", 8);
	struct dhcppool p = {0};
	struct in_addr one;
	bool all = true;

	for (unsigned i = 0; i < DHCPPOOL_MAX + 100; i++) {
		all = all && dhcppool_choose(&p, &n, mac(i), address("0.0.0.0"), i, &one);
		dhcppool_hold(&p, mac(i), one, i + 10);
	}
	ok(all, "everybody gets one");
	is_int(p.count, DHCPPOOL_MAX, "and the memory has an end");
	dhcppool_free(&p);
}

int main(void)
{
	test_all();
	test_every("10.0.0.1", 24, 253);
	test_every("10.0.0.130", 25, 125);
	test_every("10.0.0.2", 30, 1);
	test_every("10.0.0.0", 31, 1);
	test_every("10.0.0.1", 32, 0);
	test_every("172.16.4.4", 21, 2045);
	test_asked();
	test_collision();
	test_ended();
	test_refused();
	test_many();
	return tap_end();
}
