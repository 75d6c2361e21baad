#include "render/nft.h"

#include "nattable.h"
#include "tap.h"

static const struct nft_publish two[] = {
    {.port = 8080, .guest_port = 80},
    {.udp = true, .address = "192.0.2.1", .port = 53, .guest_port = 5353},
};

static struct nft_table table;

static void begin(void)
{
	nattable_begin(&table, two, COUNT_OF(two));
}

static void text_is(const char *want, const char *what)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	is_int(nft_render(&table, &text, &fault), 0, "%s", what);
	is_str(buf_str(&text), want, "its text");
}

static void refused(const char *want, const char *what)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	is_int(nft_render(&table, &text, &fault), -1, "%s is refused", what);
	is_int(fault.status, EX_DATAERR, "as bad input");
	ok(strstr(fault.text, want), "%s: it says why", what);
	is_str(buf_str(&text), "", "and nothing is written");
}

/* clang-format off: a line of nft's a line */
#define HEAD \
	"table inet mirari-tap0\n" \
	"delete table inet mirari-tap0\n" \
	"table inet mirari-tap0 {\n"

static const char nat_alone[] =
    HEAD "\tchain leaving {\n"
	 "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	 "\t\tip saddr 10.0.0.0/24 ip daddr != 10.0.0.0/24 oifname != \"mir-br\" masquerade\n"
	 "\t\tip saddr 172.16.64.0/20 ip daddr != 172.16.64.0/20 oifname != \"mir-br\" masquerade\n"
	 "\t}\n"
	 "\tchain forwarded {\n"
	 "\t\ttype filter hook forward priority filter; policy accept;\n"
	 "\t\tmeta nfproto != ipv4 accept\n"
	 "\t\toifname != \"mir-br\" accept\n"
	 "\t\tiifname \"mir-br\" accept\n"
	 "\t\tct state established,related accept\n"
	 "\t\tct status dnat accept\n"
	 "\t\tiifgroup 2013 accept\n"
	 "\t\tdrop\n"
	 "\t}\n"
	 "}\n";

static const char ports_alone[] =
    HEAD "\tchain guard {\n"
	 "\t\ttype filter hook prerouting priority raw; policy accept;\n"
	 "\t\tiifname \"tap0\" ip daddr 127.0.0.0/8 drop\n"
	 "\t\tiifname \"tap0\" ip saddr 127.0.0.0/8 drop\n"
	 "\t}\n"
	 "\tchain published {\n"
	 "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	 "\t\tfib daddr type local tcp dport 8080 dnat ip to 10.0.0.2:80\n"
	 "\t\tip daddr 192.0.2.1 udp dport 53 dnat ip to 10.0.0.2:5353\n"
	 "\t}\n"
	 "\tchain published_here {\n"
	 "\t\ttype nat hook output priority -100; policy accept;\n"
	 "\t\tfib daddr type local tcp dport 8080 dnat ip to 10.0.0.2:80\n"
	 "\t\tip daddr 192.0.2.1 udp dport 53 dnat ip to 10.0.0.2:5353\n"
	 "\t}\n"
	 "\tchain leaving {\n"
	 "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	 "\t\tip saddr 127.0.0.0/8 oifname \"tap0\" masquerade\n"
	 "\t\tct status dnat fib saddr type local oifname \"tap0\" masquerade\n"
	 "\t\tct status dnat ip saddr 10.0.0.0/24 oifname \"tap0\" masquerade\n"
	 "\t}\n"
	 "\tchain forwarded {\n"
	 "\t\ttype filter hook forward priority filter; policy accept;\n"
	 "\t\tmeta nfproto != ipv4 accept\n"
	 "\t\toifname != \"tap0\" accept\n"
	 "\t\tiifname \"tap0\" accept\n"
	 "\t\tct state established,related accept\n"
	 "\t\tct status dnat accept\n"
	 "\t\tiifgroup 2013 accept\n"
	 "\t\tdrop\n"
	 "\t}\n"
	 "}\n";
/* clang-format on */

static void test_texts(void)
{
	begin();
	table.interface = "mir-br";
	table.publish_count = 0;
	strv_add(&table.networks, "172.16.77.200/20");
	text_is(nat_alone, "NAT alone");

	begin();
	table.nat = false;
	text_is(ports_alone, "published ports alone");

	begin();
	table.nat = false;
	table.publish_count = 0;
	text_is(HEAD "}\n", "neither");
}

static void test_names(void)
{
	static const char *const taps[] = {
	    "", "sixteen-letters_", "a b", "a\"b", "a\nb", "a.b", "a;b", "a{", "\xc3\xa9", "tap*"};
	static const char *const interfaces[] = {"", "sixteen-letters_", "a b", "a\"b", "a\nb",
	    "a\tb", "tap*", "a*b", "a\\", "a/b", "a:b", "\x7f", "\xc3\xa9", "\x01"};

	for (size_t i = 0; i < COUNT_OF(taps); i++) {
		begin();
		table.tap = taps[i];
		refused("expected a name of letters", "a tap's bad name");
	}
	for (size_t i = 0; i < COUNT_OF(interfaces); i++) {
		begin();
		table.interface = interfaces[i];
		refused("expected a name of printable", "an interface's bad name");
	}
	ok(nft_is_tap("fifteen-letter_") && nft_is_tap("-") && nft_is_tap("forward"), "good names");
}

static void test_networks(void)
{
	static const char *const bad[] = {"", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/0",
	    "10.0.0.1/24 ", "10.0.0.1/024", "10.0.0/24", "fd00::1/64", "/24", "10.0.0.1/24}",
	    "010.0.0.1/24", "1.2.3.4\n/8"};
	static const struct {
		const char *from, *to;
	} good[] = {{"10.0.0.1/32", "ip saddr 10.0.0.1/32"},
	    {"10.0.0.3/31", "ip saddr 10.0.0.2/31"}, {"255.1.2.3/1", "ip saddr 128.0.0.0/1"}};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		begin();
		strv_add(&table.networks, bad[i]);
		refused("expected an IPv4 address with its prefix length", "a bad network");
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct buf text A_CLEANUP(buf_free) = {0};
		struct fault fault;

		begin();
		strv_free(&table.networks);
		strv_add(&table.networks, good[i].from);
		ok(nft_render(&table, &text, &fault) == 0 && strstr(buf_str(&text), good[i].to),
		    "%s is in %s", good[i].from, good[i].to);
	}
	begin();
	strv_free(&table.networks);
	refused("NAT needs an IPv4 address", "NAT without a network");
}

static void test_ports(void)
{
	struct nft_publish one = {.port = 1, .guest_port = 1};

	begin();
	table.guest = NULL;
	refused("published ports need the guest's IPv4 address", "no guest");
	table.guest = "10.0.0.2;";
	refused("published ports need the guest's IPv4 address, not 10.0.0.2;", "a bad guest");
	begin();
	table.publish = &one;
	table.publish_count = 1;
	one.address = "localhost";
	refused("publish on localhost: expected an IPv4 address", "a name");
	one.address = "";
	refused("expected an IPv4 address", "an empty address");
	one.address = NULL;
	one.port = 0;
	refused("there is no port 0", "port 0 here");
	one.port = 1;
	one.guest_port = 0;
	refused("there is no port 0", "port 0 there");
}

int main(void)
{
	test_texts();
	test_names();
	test_networks();
	test_ports();
	begin();
	strv_free(&table.networks);
	return tap_end();
}
