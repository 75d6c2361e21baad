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
	struct address a, b;

	for (size_t i = 0; i < COUNT_OF(unicast); i++)
		ok(address_parse(unicast[i], &a) && address_is_unicast(&a), "%s is unicast",
		    unicast[i]);
	for (size_t i = 0; i < COUNT_OF(no_unicast); i++)
		ok(address_parse(no_unicast[i], &a) && !address_is_unicast(&a), "%s isn't",
		    no_unicast[i]);
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
