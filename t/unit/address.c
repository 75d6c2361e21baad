#include "model/address.h"

#include "tap.h"

#include <sys/socket.h>

static void test_parse(void)
{
	static const struct {
		const char *text, *back;
		int family;
		unsigned prefix;
	} good[] = {
	    {"10.0.0.1/24", "10.0.0.1/24", AF_INET, 24},
	    {"0.0.0.0/0", "0.0.0.0/0", AF_INET, 0},
	    {"255.255.255.255/32", "255.255.255.255/32", AF_INET, 32},
	    {"fd00::1/64", "fd00::1/64", AF_INET6, 64},
	    {"FD00:0:0::0001/128", "fd00::1/128", AF_INET6, 128},
	    {"::/0", "::/0", AF_INET6, 0},
	    {"::ffff:1.2.3.4/96", "::ffff:1.2.3.4/96", AF_INET6, 96},
	    /* the longest that there is */
	    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", AF_INET6, 128},
	};
	static const char *const bad[] = {"", "/", "10.0.0.1", "10.0.0.1/", "/24", "10.0.0.1/33",
	    "10.0.0.1/-1", "10.0.0.1/+1", "10.0.0.1/024", "10.0.0.1/24 ", " 10.0.0.1/24",
	    "10.0.0.1/24/24", "10.0.0/24", "10.0.0.1.1/24", "10.0.0.256/24", "010.0.0.1/24",
	    "0x0a.0.0.1/24", "fd00::1/129", "fd00::1::/64", "fd00:::1/64", "g::/64",
	    "fd00::1%lo/64", "[fd00::1]/64", "10.0.0.1/1e1", "10.0.0.1/18446744073709551616",
	    "x/24", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555/128",
	    "0000000000000000000000000000000000000000000000000000000000000000/1"};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct address a;
		struct buf text A_CLEANUP(buf_free) = {0};

		if (!ok(address_parse(good[i].text, &a), "%s", good[i].text))
			continue;
		address_text(&a, &text);
		is_str(buf_str(&text), good[i].back, "and back");
		ok(a.family == good[i].family && a.prefix == good[i].prefix, "family and prefix");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct address a = {.prefix = 77};

		ok(!address_parse(bad[i], &a) && a.prefix == 77, "not '%s'", bad[i]);
	}
}

static void neighbour(const char *host, const char *expected)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct address a, guest;

	ok(address_parse(host, &a), "%s", host);
	if (address_neighbour(&a, &guest))
		address_text(&guest, &text);
	is_str(buf_str(&text), expected, "has the neighbour %s", *expected ? expected : "nobody");
}

static void test_neighbour(void)
{
	neighbour("10.0.0.1/24", "10.0.0.2/24");
	neighbour("10.0.0.254/24", "10.0.0.253/24");
	neighbour("10.0.0.255/24", "10.0.0.254/24");
	neighbour("10.0.0.0/24", "10.0.0.1/24");
	neighbour("10.0.0.255/16", "10.0.1.0/16");
	neighbour("10.0.255.254/16", "10.0.255.253/16");
	neighbour("10.0.0.1/30", "10.0.0.2/30");
	neighbour("10.0.0.2/30", "10.0.0.1/30");
	neighbour("10.0.0.5/29", "10.0.0.6/29");
	neighbour("10.0.0.0/31", "10.0.0.1/31");
	neighbour("10.0.0.1/31", "10.0.0.0/31");
	neighbour("10.0.0.1/32", "");
	neighbour("255.255.255.254/0", "255.255.255.253/0");
	neighbour("255.255.255.255/0", "255.255.255.254/0");
	neighbour("127.255.255.255/1", "127.255.255.254/1");
	neighbour("fd00::1/64", "fd00::2/64");
	neighbour("fd00::/64", "fd00::1/64");
	neighbour("fd00::ffff/64", "fd00::1:0/64");
	/* IPv6 has no broadcast address */
	neighbour("fd00::ffff:ffff:ffff:fffe/64", "fd00::ffff:ffff:ffff:ffff/64");
	neighbour("fd00::ffff:ffff:ffff:ffff/64", "fd00::ffff:ffff:ffff:fffe/64");
	neighbour("fd00::/127", "fd00::1/127");
	neighbour("fd00::1/127", "fd00::/127");
	neighbour("fd00::1/128", "");
	neighbour("fd00::1/126", "fd00::2/126");
	neighbour("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/0");
}

static void test_rest(void)
{
	static const char *const unicast[] = {"10.0.0.1/24", "1.0.0.0/8", "126.1.1.1/8",
	    "128.0.0.1/8", "223.255.255.255/24", "fd00::1/64", "fe80::1/64", "::2/64", "1::/64"};
	static const char *const no_unicast[] = {"0.0.0.0/0", "0.1.2.3/8", "127.0.0.1/8",
	    "127.255.0.1/8", "224.0.0.1/24", "239.1.1.1/8", "240.0.0.1/8", "255.255.255.255/32",
	    "::/0", "::1/128", "ff00::1/8", "ff02::1/64"};
	static const char *const private[] = {"10.0.0.1/8", "10.255.0.1/24", "172.16.0.1/12",
	    "172.31.255.1/32", "192.168.0.1/16", "100.127.0.1/10", "169.254.1.1/16", "fc00::1/7",
	    "fdff::1/64", "fe80::1/64"};
	static const char *const public[] = {"10.0.0.1/7", "11.0.0.1/8", "172.16.0.1/11",
	    "172.32.0.1/16", "192.168.0.1/15", "192.169.0.1/16", "100.128.0.1/10", "8.8.8.8/32",
	    "0.0.0.0/0", "fc00::1/6", "fb00::1/64", "2001:db8::1/64", "::1/0", "a00::1/8"};
	static const struct {
		const char *a, *b;
		bool overlap;
	} pairs[] = {{"10.0.0.1/24", "10.0.0.200/32", true}, {"10.0.0.1/24", "10.0.1.1/24", false},
	    {"10.0.0.1/23", "10.0.1.1/24", true}, {"0.0.0.0/0", "10.0.0.1/24", true},
	    {"10.0.0.1/32", "10.0.0.2/32", false}, {"10.0.0.1/31", "10.0.0.0/32", true},
	    {"a00::1/8", "10.0.0.1/8", false}, {"fd00::1/64", "fd00::2/128", true},
	    {"fd00::1/64", "fd00:0:0:1::1/64", false}};
	struct address a, b;

	for (size_t i = 0; i < COUNT_OF(unicast); i++)
		ok(address_parse(unicast[i], &a) && address_is_unicast(&a), "%s is unicast",
		    unicast[i]);
	for (size_t i = 0; i < COUNT_OF(no_unicast); i++)
		ok(address_parse(no_unicast[i], &a) && !address_is_unicast(&a), "%s isn't",
		    no_unicast[i]);
	for (size_t i = 0; i < COUNT_OF(private); i++)
		ok(address_parse(private[i], &a) && address_is_private(&a), "%s is private",
		    private[i]);
	for (size_t i = 0; i < COUNT_OF(public); i++)
		ok(address_parse(public[i], &a) && !address_is_private(&a), "%s isn't", public[i]);
	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		ok(address_parse(pairs[i].a, &a) && address_parse(pairs[i].b, &b) &&
			address_overlaps(&a, &b) == pairs[i].overlap &&
			address_overlaps(&b, &a) == pairs[i].overlap,
		    "%s and %s", pairs[i].a, pairs[i].b);
	ok(address_parse("10.0.0.1/24", &a) && address_parse("10.0.0.1/24", &b) &&
		address_same(&a, &b),
	    "the same");
	ok(address_parse("10.0.0.1/25", &b) && !address_same(&a, &b), "another prefix");
	ok(address_parse("10.0.0.2/24", &b) && !address_same(&a, &b), "another address");
	ok(address_parse("a00:1::/24", &b) && !address_same(&a, &b), "another family");
	/* what is behind an IPv4 address is no part of it */
	b = a;
	memset(b.bytes + 4, 0xee, 12);
	ok(address_same(&a, &b), "only its four bytes count");
	is_int((long long)address_size(AF_INET), 4, "IPv4 has 4 bytes");
	is_int((long long)address_size(AF_INET6), 16, "IPv6 has 16");
}

int main(void)
{
	test_parse();
	test_neighbour();
	test_rest();
	return tap_end();
}
