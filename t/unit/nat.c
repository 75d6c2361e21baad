/*
 * The real nft and kernel: a guest, this host and the world outside are network namespaces with
 * cables between them. The guest's end of its cable stands for a tap.
 *
 *     guest 10.0.0.2 --- tap0 10.0.0.1, this host, 192.0.2.1 up0 --- 192.0.2.2 outside
 *     other 10.0.1.2 --- tap1 10.0.1.1
 */
#include "host/nat.h"

#include "core/fd.h"
#include "host/nftcmd.h"

#include "nattable.h"
#include "netns.h"

#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define FORWARD "/proc/sys/net/ipv4/ip_forward"
#define LOCALNET(interface) "/proc/sys/net/ipv4/conf/" interface "/route_localnet"

enum { ANSWER_MS = 2000, SILENCE_MS = 300, SERVERS_MAX = 16 };

static int host, guest, other, outside;
static pid_t servers[SERVERS_MAX];
static size_t server_count;
static struct fault fault;

/* ---- who talks --------------------------------------------------------------------------------*/

/* Tells whoever connects which address it sees, then repeats what it hears. */
static void serve(int fd, bool udp)
{
	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		char text[INET_ADDRSTRLEN] = "", heard[64];
		int peer;

		if (udp) {
			if (recvfrom(
				fd, heard, sizeof heard, 0, (struct sockaddr *)&from, &length) < 0)
				continue;
			inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
			(void)!sendto(fd, text, sizeof text, 0, (struct sockaddr *)&from, length);
			continue;
		}
		peer = accept(fd, (struct sockaddr *)&from, &length);
		if (peer < 0)
			continue;
		inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
		if (write(peer, text, sizeof text) == (ssize_t)sizeof text)
			while (read(peer, heard, 1) == 1 && write(peer, heard, 1) == 1)
				;
		close(peer);
	}
}

static void start_server(int ns, bool udp, const char *address, int port)
{
	int fd = netns_socket(ns, AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	struct sockaddr_in in = netns_address(address, port);
	pid_t child;

	scratch_need(bind(fd, (struct sockaddr *)&in, sizeof in) == 0, address);
	scratch_need(udp || listen(fd, 8) == 0, "listen");
	fflush(stdout);
	child = fork();
	scratch_need(child >= 0, "fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever ends the test */
		serve(fd, udp);
	}
	servers[server_count++] = child;
	close(fd);
}

static void end_servers(void)
{
	while (server_count) {
		kill(servers[--server_count], SIGKILL);
		waitpid(servers[server_count], NULL, 0);
	}
}

static int connect_to(int ns, bool udp, const char *address, int port, int milliseconds)
{
	int fd = netns_socket(ns, AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	struct timeval patience = {
	    .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
	struct sockaddr_in in = netns_address(address, port);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0 || (udp && write(fd, "?", 1) != 1))
		fd_close(&fd);
	return fd;
}

/* Which address a server sees when it is asked from `ns`; "" without an answer. */
static const char *seen(int ns, bool udp, const char *address, int port, int milliseconds)
{
	int fd A_CLEANUP(fd_close) = connect_to(ns, udp, address, port, milliseconds);
	static char text[INET_ADDRSTRLEN];

	return fd >= 0 && read(fd, text, sizeof text) == (ssize_t)sizeof text ? text : "";
}

static void sees(
    int ns, bool udp, const char *address, int port, const char *want, const char *what)
{
	is_str(seen(ns, udp, address, port, *want ? ANSWER_MS : SILENCE_MS), want, "%s, %s", what,
	    udp ? "UDP" : "TCP");
}

/* The same for a connection to the guest itself, made from 127.0.0.1. */
static const char *seen_from_loopback(void)
{
	int fd A_CLEANUP(fd_close) = netns_socket(host, AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in from = netns_address("127.0.0.1", 0), to = netns_address("10.0.0.2", 80);
	struct timeval patience = {.tv_sec = 1};
	static char text[INET_ADDRSTRLEN];

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return bind(fd, (struct sockaddr *)&from, sizeof from) == 0 &&
		       connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
		       read(fd, text, sizeof text) == (ssize_t)sizeof text
		   ? text
		   : "";
}

static uint16_t checksum(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

static bool ping(int ns, const char *address, int milliseconds)
{
	int fd A_CLEANUP(fd_close) = netns_socket(ns, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct icmphdr echo = {.type = ICMP_ECHO, .un.echo.id = htons(77)};
	struct sockaddr_in in = netns_address(address, 0);
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char got[256];

	echo.checksum = checksum(&echo, sizeof echo);
	if (sendto(fd, &echo, sizeof echo, 0, (struct sockaddr *)&in, sizeof in) < 0)
		return false;
	while (poll(&polled, 1, milliseconds) == 1) {
		ssize_t length = read(fd, got, sizeof got);

		if (length >= 20 + (ssize_t)sizeof echo && got[20] == ICMP_ECHOREPLY)
			return true;
	}
	return false;
}

/* ---- the world --------------------------------------------------------------------------------*/

static void set(const char *path, const char *value)
{
	netns_write(path, value);
}

static const char *get(const char *path)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	static char first[2];

	if (file_read(path, EX_OSERR, &text, &fault) < 0)
		return "none";
	first[0] = buf_str(&text)[0];
	return first;
}

static void make_world(void)
{
	host = netns_self();
	guest = netns_new();
	other = netns_new();
	outside = netns_new();
	netns_cable(host, "tap0", guest, "eth0");
	netns_cable(host, "tap1", other, "eth0");
	netns_cable(host, "up0", outside, "eth0");
	netns_run(host, "ip link set lo up");
	netns_run(host, "ip link set dev tap0 group 2013 address 02:00:00:00:00:01");
	netns_run(host, "ip link set dev tap1 group 2013");
	netns_run(host, "ip address add 10.0.0.1/24 dev tap0");
	netns_run(host, "ip address add 10.0.1.1/24 dev tap1");
	netns_run(host, "ip address add 192.0.2.1/24 dev up0");
	netns_run(guest, "ip address add 10.0.0.2/24 dev eth0");
	netns_run(guest, "ip route add default via 10.0.0.1");
	netns_run(other, "ip address add 10.0.1.2/24 dev eth0");
	netns_run(other, "ip route add default via 10.0.1.1");
	netns_run(outside, "ip address add 192.0.2.2/24 dev eth0");
	/* the strictest that a host can be */
	set("/proc/sys/net/ipv4/conf/all/rp_filter", "1");
	start_server(outside, false, "0.0.0.0", 7);
	start_server(outside, true, "0.0.0.0", 7);
	start_server(guest, false, "0.0.0.0", 80);
	start_server(guest, true, "0.0.0.0", 80);
	start_server(host, false, "127.0.0.1", 99);
}

static const struct nft_publish ports[] = {
    {.port = 8080, .guest_port = 80},
    {.udp = true, .port = 8080, .guest_port = 80},
    {.address = "192.0.2.1", .port = 8081, .guest_port = 80},
};

static struct nft_table table;

static void begin(void)
{
	nattable_begin(&table, ports, COUNT_OF(ports));
}

static void apply(const char *what)
{
	fault.text[0] = '\0';
	is_int(nat_apply(&table, 1, NULL, NULL, &fault), 0, "%s", what);
	if (fault.text[0])
		tap_show("fault", fault.text);
}

static void remove_tap(const char *tap)
{
	struct strv taps A_CLEANUP(strv_free) = {0};

	strv_add(&taps, tap);
	is_int(nat_remove(&taps, &fault), 0, "remove %s", tap);
}

static void list_is(const char *want)
{
	struct strv taps A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	is_int(nat_list(&taps, &fault), 0, "list");
	for (size_t i = 0; i < taps.count; i++)
		buf_printf(&text, "%s ", taps.items[i]);
	is_str(buf_str(&text), want, "the taps that have a table");
}

static void ruleset(struct buf *into)
{
	ok(netns_try(host, "nft list ruleset", into), "nft list ruleset");
}

/* ---- tests ------------------------------------------------------------------------------------*/

static void test_nat(void)
{
	begin();
	table.publish_count = 0;
	ok(!ping(guest, "192.0.2.2", SILENCE_MS), "without NAT nothing gets out");
	apply("NAT");
	list_is("tap0 ");
	is_str(get(FORWARD), "1", "the host forwards");
	is_str(get(LOCALNET("tap0")), "0", "route_localnet isn't needed");
	ok(ping(guest, "192.0.2.2", ANSWER_MS), "a ping from the guest to the outside");
	sees(guest, false, "192.0.2.2", 7, "192.0.2.1", "the outside sees the host");
	sees(guest, true, "192.0.2.2", 7, "192.0.2.1", "the outside sees the host");
	sees(host, false, "10.0.0.2", 80, "10.0.0.1", "the host reaches the guest");

	netns_run(outside, "ip route add 10.0.0.0/16 via 192.0.2.1");
	sees(outside, false, "10.0.0.2", 80, "", "the outside doesn't, even knowing the way");
	sees(outside, true, "10.0.0.2", 80, "", "nor so");
	ok(!ping(outside, "10.0.0.2", SILENCE_MS), "nor by a ping");
	ok(ping(outside, "10.0.1.2", ANSWER_MS), "it could if it weren't for our table");
	sees(other, false, "10.0.0.2", 80, "10.0.1.2", "another guest does");
	netns_run(host, "ip link set dev tap1 group 0");
	sees(other, false, "10.0.0.2", 80, "", "but not when it isn't one of ours");
	netns_run(host, "ip link set dev tap1 group 2013");
	netns_run(outside, "ip route del 10.0.0.0/16");
	sees(outside, false, "192.0.2.1", 8080, "", "nothing is published");
}

static void test_publish(void)
{
	begin();
	apply("publish");
	is_str(get(LOCALNET("tap0")), "1", "route_localnet on the tap");
	is_str(get(LOCALNET("all")), "0", "not everywhere");
	is_str(get(LOCALNET("up0")), "0", "nor outside");
	for (int udp = 0; udp < 2; udp++) {
		sees(outside, udp, "192.0.2.1", 8080, "192.0.2.2", "the outside, as itself");
		sees(host, udp, "127.0.0.1", 8080, "10.0.0.1", "the host by 127.0.0.1");
		sees(host, udp, "192.0.2.1", 8080, "10.0.0.1", "the host by its own address");
		sees(other, udp, "192.0.2.1", 8080, "10.0.1.2", "another guest");
		sees(guest, udp, "192.0.2.1", 8080, "10.0.0.1", "the guest itself");
	}
	sees(outside, false, "192.0.2.1", 8081, "192.0.2.2", "the one address");
	sees(host, false, "192.0.2.1", 8081, "10.0.0.1", "the one address from here");
	sees(host, false, "127.0.0.1", 8081, "", "no other address");
	sees(outside, true, "192.0.2.1", 8081, "", "no other protocol");
	sees(outside, false, "192.0.2.1", 80, "", "no other port");
	sees(guest, false, "192.0.2.2", 7, "192.0.2.1", "a port outside isn't ours");

	is_str(seen_from_loopback(), "10.0.0.1", "no loopback address leaves the host");
	netns_run(guest, "ip route del default");
	sees(host, false, "127.0.0.1", 8080, "10.0.0.1", "a guest without a gateway");
	sees(host, false, "192.0.2.1", 8080, "10.0.0.1", "by any address");
	netns_run(guest, "ip route add default via 10.0.0.1");
	table.nat = false;
	apply("publish without NAT");
	sees(outside, false, "192.0.2.1", 8080, "192.0.2.2", "it's still published");
	netns_run(outside, "ip route add 10.0.0.0/24 via 192.0.2.1");
	sees(outside, false, "10.0.0.2", 80, "", "the guest itself is out of reach");
	netns_run(outside, "ip route del 10.0.0.0/24");
}

/* A datagram as it would never leave a well-behaved guest. */
static void send_crafted(const char *from, const char *to, int port)
{
	int fd A_CLEANUP(fd_close) = netns_socket(guest, AF_PACKET, SOCK_DGRAM, 0);
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[4];
	} packet = {.ip = {.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof packet)},
	    .udp = {.source = htons(9), .dest = htons((uint16_t)port), .len = htons(12)},
	    .data = "bad"};
	struct sockaddr_ll link = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IP),
	    .sll_halen = 6,
	    .sll_addr = {2, 0, 0, 0, 0, 1}};
	int here = netns_self();

	netns_go(guest);
	link.sll_ifindex = (int)if_nametoindex("eth0");
	netns_go(here);
	close(here);
	packet.ip.saddr = netns_address(from, 0).sin_addr.s_addr;
	packet.ip.daddr = netns_address(to, 0).sin_addr.s_addr;
	packet.ip.check = checksum(&packet.ip, sizeof packet.ip);
	scratch_need(sendto(fd, &packet, sizeof packet, 0, (struct sockaddr *)&link, sizeof link) ==
			 (ssize_t)sizeof packet,
	    "sendto");
}

static bool arrives(const char *from, const char *to)
{
	int fd A_CLEANUP(fd_close) = netns_socket(host, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in in = netns_address(to, 1111);
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	scratch_need(bind(fd, (struct sockaddr *)&in, sizeof in) == 0, to);
	send_crafted(from, to, 1111);
	return poll(&polled, 1, SILENCE_MS) == 1;
}

static void test_guard(void)
{
	begin();
	apply("publish again");
	set("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	set("/proc/sys/net/ipv4/conf/tap0/rp_filter", "0");
	ok(arrives("10.0.0.2", "10.0.0.1"), "a crafted datagram gets here");
	ok(!arrives("10.0.0.2", "127.0.0.1"), "but not at a loopback address");
	ok(!arrives("127.0.0.2", "10.0.0.1"), "nor from one");
	netns_run(host, "nft flush chain inet mirari-tap0 guard");
	ok(arrives("10.0.0.2", "127.0.0.1"), "it's the guard that keeps the first out");
	ok(arrives("127.0.0.2", "10.0.0.1"), "and the second");
	apply("and again");
	ok(!arrives("10.0.0.2", "127.0.0.1"), "the guard is back");
	set("/proc/sys/net/ipv4/conf/all/rp_filter", "1");
}

static bool repeats(int fd, char c)
{
	char got = 0;

	return write(fd, &c, 1) == 1 && read(fd, &got, 1) == 1 && got == c;
}

static void test_replace(void)
{
	int out A_CLEANUP(fd_close) = connect_to(guest, false, "192.0.2.2", 7, ANSWER_MS);
	int in A_CLEANUP(fd_close) = connect_to(outside, false, "192.0.2.1", 8080, ANSWER_MS);
	char text[INET_ADDRSTRLEN];
	int good = 0;

	scratch_need(out >= 0 && in >= 0, "connect");
	scratch_need(read(out, text, sizeof text) > 0 && read(in, text, sizeof text) > 0, "read");
	for (int i = 0; i < 20; i++) {
		begin();
		good += repeats(out, (char)i) && repeats(in, (char)i);
		if (i % 2)
			table.publish_count = 1;
		good += nat_apply(&table, 1, NULL, NULL, &fault) == 0;
	}
	is_int(good, 40, "open connections go on while the table is replaced");
	table.publish_count = 0;
	apply("nothing is published any more");
	is_str(get(LOCALNET("tap0")), "0", "route_localnet is as it was");
	ok(repeats(out, 'x'), "the connection to the outside is still there");
	sees(outside, false, "192.0.2.1", 8080, "", "and no new one comes in");
}

static void test_foreign(void)
{
	struct buf before A_CLEANUP(buf_free) = {0}, during A_CLEANUP(buf_free) = {0},
			  after A_CLEANUP(buf_free) = {0};

	remove_tap("tap0");
	list_is("");
	scratch_put("theirs.nft", 0644,
	    "table inet filter {\n set s { type ipv4_addr; elements = { 1.2.3.4 }; }\n"
	    " chain c { type filter hook forward priority 0; ip saddr @s drop; }\n}\n"
	    "table ip nat { chain p { type nat hook postrouting priority 90;\n"
	    " oifname \"x\" counter masquerade; }; }\n"
	    "table inet mirari { }\ntable inet mirari-with.dot { }\n"
	    "table inet mirari-sixteen-letters_ { }\ntable ip mirari-tap0 { }\n");
	netns_run(host, "nft -f theirs.nft");
	ruleset(&before);
	begin();
	apply("beside tables of others");
	list_is("tap0 ");
	ruleset(&during);
	ok(strstr(buf_str(&during), buf_str(&before)), "theirs are as they were, byte for byte");
	ok(strstr(buf_str(&during), "table inet mirari.forward {\n}\n"), "the marker is there");
	remove_tap("tap0");
	ruleset(&after);
	is_str(buf_str(&after), buf_str(&before), "and when ours has gone");
	netns_run(host, "nft flush ruleset");
}

static void test_forward(void)
{
	set(FORWARD, "0");
	begin();
	apply("one");
	begin();
	table.tap = "forward"; /* not to be mistaken for the marker */
	table.interface = "tap1";
	table.publish_count = 0;
	apply("another");
	list_is("forward tap0 ");
	remove_tap("tap0");
	is_str(get(FORWARD), "1", "the other one needs it");
	remove_tap("nobody");
	is_str(get(FORWARD), "1", "still");
	remove_tap("forward");
	is_str(get(FORWARD), "0", "0 before, 0 afterwards");

	apply("with a marker");
	netns_run(host, "nft delete table inet mirari.forward");
	remove_tap("forward");
	is_str(get(FORWARD), "1", "without the marker it isn't ours");

	apply("where the host forwards anyway");
	remove_tap("forward");
	is_str(get(FORWARD), "1", "1 before, 1 afterwards");
	remove_tap("forward");
	is_str(get(FORWARD), "1", "whatever is removed");
	set(FORWARD, "0");

	apply("one more");
	table.nat = false;
	apply("without anything to do");
	list_is("");
	is_str(get(FORWARD), "0", "is as removed");
}

/* Of what is asked for, everything but one_ is gone. */
static int gone_but_one(const struct strv *taps, struct strv *into, struct fault *ignored)
{
	(void)ignored;
	for (size_t i = 0; i < taps->count; i++)
		if (strcmp(taps->items[i], "one_") != 0)
			strv_add(into, taps->items[i]);
	return 0;
}

static void test_gone(void)
{
	struct strv taps A_CLEANUP(strv_free) = {0};

	begin();
	table.tap = "gone";
	apply("one whose tap goes");
	table.tap = "one_";
	is_int(nat_apply(&table, 1, NULL, NULL, &fault), -1, "its ports are taken");
	is_int(nat_apply(&table, 1, NULL, gone_but_one, &fault), 0, "but not when it is gone");
	list_is("one_ ");
	strv_list(&taps, "one_", "gone");
	is_int(nat_remove_gone(&taps, gone_but_one, &fault), 0, "of one that is there again");
	list_is("one_ ");
	table.tap = "gone";
	table.publish_count = 0;
	apply("two");
	is_int(nat_remove_gone(NULL, gone_but_one, &fault), 0, "all that are gone");
	list_is("one_ ");
	is_str(get(FORWARD), "1", "what the other needs stays");
	remove_tap("one_");
	is_str(get(FORWARD), "0", "until that goes");
}

static void test_bridge(void)
{
	netns_run(host, "ip link add br.0 type bridge");
	begin();
	table.interface = "br.0";
	table.tap = "-one";
	apply("in a bridge");
	table.tap = "two_";
	table.publish_count = 2;
	is_int(nat_apply(&table, 1, NULL, NULL, &fault), -1, "the same port");
	is_int(fault.status, EX_UNAVAILABLE, "isn't to be had");
	is_str(fault.text, "port tcp 8080 is published for the tap -one already", "and why");
	table.publish =
	    &(struct nft_publish){.address = "192.0.2.1", .port = 8080, .guest_port = 1};
	table.publish_count = 1;
	is_int(nat_apply(&table, 1, NULL, NULL, &fault), -1, "nor on one of the addresses");
	table.publish = &(struct nft_publish){.port = 8082, .guest_port = 1};
	apply("another port");
	list_is("-one two_ ");
	is_str(get(LOCALNET("br.0")), "1", "route_localnet on the bridge");
	remove_tap("-one");
	is_str(get(LOCALNET("br.0")), "1", "as long as one needs it");
	table.interface = "tap0";
	apply("two moves");
	is_str(get(LOCALNET("br.0")), "0", "off behind it");
	is_str(get(LOCALNET("tap0")), "1", "on where it is");
	table.interface = "nowhere";
	is_int(nat_apply(&table, 1, NULL, NULL, &fault), -1, "an interface that isn't there");
	is_str(fault.text,
	    "/proc/sys/net/ipv4/conf/nowhere/route_localnet: set it to 1: No such file or "
	    "directory",
	    "why");
	list_is("");
	is_str(get(FORWARD), "0", "nothing is left");
	is_str(get(LOCALNET("tap0")), "0", "really");
}

/* Names that the kernel allows, and nft's language has a meaning for. */
static void test_names(void)
{
	static const char *const names[] = {"a'b$(x)", "#a", "@set", "$d", "{a}", "a;b", "!=", "-x",
	    "\xff", "a,b", "a`b", "15bytesbytesbyt"};
	struct buf rules A_CLEANUP(buf_free) = {0}, want A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		begin();
		table.interface = names[i];
		table.publish_count = 0;
		if (names[i][0] == '\xff') {
			is_int(
			    nat_apply(&table, 1, NULL, NULL, &fault), -1, "not what isn't ASCII");
			continue;
		}
		apply(names[i]);
		buf_clear(&rules);
		buf_clear(&want);
		ruleset(&rules);
		buf_printf(&want, "\t\tiifname \"%s\" accept\n", names[i]);
		ok(strstr(buf_str(&rules), buf_str(&want)), "nft reads it as it is");
	}
	remove_tap("tap0");
}

static int come_and_go(const void *data)
{
	char name[16];

	snprintf(name, sizeof name, "c%d", *(const int *)data);
	table.tap = name;
	table.publish_count = 0;
	for (int i = 0; i < 2; i++) {
		struct strv taps A_CLEANUP(strv_free) = {0};

		strv_add(&taps, name);
		if (nat_apply(&table, 1, NULL, NULL, &fault) < 0 || nat_remove(&taps, &fault) < 0) {
			tap_show("fault", fault.text);
			return 1;
		}
	}
	return 0;
}

static void test_together(void)
{
	struct buf rules A_CLEANUP(buf_free) = {0};
	pid_t children[20];
	int status, good = 0;

	set(FORWARD, "0");
	begin();
	fflush(stdout);
	for (int i = 0; i < (int)COUNT_OF(children); i++) {
		children[i] = fork();
		scratch_need(children[i] >= 0, "fork");
		if (children[i] == 0)
			_exit(come_and_go(&i));
	}
	for (size_t i = 0; i < COUNT_OF(children); i++) {
		waitpid(children[i], &status, 0);
		good += status == 0;
	}
	is_int(good, COUNT_OF(children), "twenty processes apply and remove at once");
	is_str(get(FORWARD), "0", "ip_forward is 0 in the end");
	ruleset(&rules);
	is_str(buf_str(&rules), "", "and no table is left, nor the marker");
}

static int as_nobody(const void *data)
{
	(void)data;
	begin();
	if (setresuid(1, 1, 1) < 0)
		return 77;
	if (nat_apply(&table, 1, NULL, NULL, &fault) == 0 || fault.status != EX_NOPERM ||
	    !fault.hint[0])
		return 1;
	return nat_list(&table.networks, &fault) == 0 || fault.status != EX_NOPERM;
}

/* As a program with a capability of its file has it. */
static int with_capability(const void *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};
	struct strv taps A_CLEANUP(strv_free) = {0}, none A_CLEANUP(strv_free) = {0};

	(void)data;
	begin();
	strv_add(&none, "tap9");
	if (nat_apply(&table, 1, NULL, NULL, &fault) < 0)
		return 1;
	caps[0].permitted = caps[0].effective = CAP_TO_MASK(CAP_NET_ADMIN);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(1, 1, 1) < 0)
		return 77;
	if (syscall(SYS_capset, &header, caps) < 0)
		return 2;
	if (nat_list(&taps, &fault) < 0 || taps.count != 1 || nat_remove(&none, &fault) < 0)
		return 3;
	/* nft gets the capability from us, and nobody after it */
	if (nat_remove(&taps, &fault) < 0 || nat_apply(&table, 1, NULL, NULL, &fault) < 0)
		return 4;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_ADMIN, 0, 0) != 0;
}

/* Root of a user namespace, in a network that isn't its own. */
static int as_root_elsewhere(const void *data)
{
	(void)data;
	if (unshare(CLONE_NEWUSER) < 0)
		return 77;
	netns_write("/proc/self/uid_map", "0 0 1");
	begin();
	if (nat_apply(&table, 1, NULL, NULL, &fault) == 0)
		return 1;
	tap_show("fault", fault.text);
	return fault.status != EX_NOPERM || !fault.hint[0];
}

/* An nft that says what the real one does on such a kernel: there is none here. */
static void test_programs(void)
{
	char *path = strdup(getenv("PATH"));
	struct strv none = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	scratch_put("nft", 0755,
	    "#!/bin/sh\necho '# Warning: x'\n"
	    "echo '/dev/stdin:1:1-5: Error: Could not process rule: Operation not supported' >&2\n"
	    "echo 'table inet x' >&2\nexit 1\n");
	setenv("PATH", ".", 1);
	is_int(nftcmd_run(&none, NULL, &out, &fault), -1, "a kernel without nf_tables");
	is_int(fault.status, EX_OSERR, "is the system's");
	is_str(fault.text,
	    "this kernel lacks a part of nf_tables: nft: /dev/stdin:1:1-5: Error: Could not "
	    "process "
	    "rule: Operation not supported",
	    "its own first line is passed on");
	ok(strstr(fault.hint, "modprobe -a nf_tables"), "with what to do");
	scratch_put("nft", 0755, "#!/bin/sh\nexit 1\n");
	is_int(nftcmd_run(&none, NULL, &out, &fault), -1, "one that says nothing");
	is_str(fault.text, "nft: failed in silence", "is told of");
	is_int(unlink("nft"), 0, "no nft in PATH");
	buf_clear(&out);
	is_int(nftcmd_find("nft", &out), 0, "it is found");
	ok(strstr(buf_str(&out), "/sbin/nft"), "beside PATH");
	is_int(nftcmd_find("mirari-no-such", &out), -1, "what isn't there isn't");
	setenv("PATH", path, 1);
	free(path);
	scratch_put("bad.nft", 0644, "table inet x { chain y { nonsense; }\n");
	strv_list(&none, "-f", "bad.nft");
	is_int(nftcmd_run(&none, NULL, &out, &fault), -1, "what nft doesn't understand");
	fault.text[15] = '\0';
	is_str(fault.text, "nft: bad.nft:1:", "its own words");
	strv_free(&none);
}

/* Waits in a namespace of its own meanwhile, where the test holds the lock. */
static pid_t start_waiting(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	scratch_need(child >= 0, "fork");
	if (child == 0) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scratch_need(unshare(CLONE_NEWNET) == 0, "unshare");
		fd = netns_self();
		scratch_need(flock(fd, LOCK_EX) == 0, "flock");
		begin();
		_exit(nat_apply(&table, 1, NULL, NULL, &fault) < 0 ? fault.status : 0);
	}
	return child;
}

int main(void)
{
	char path[PATH_MAX];
	int status;
	pid_t waiting;

	scratch_enter(path);
	if (netns_lacks()) {
		scratch_leave(path);
		tap_skip("NAT", "nft and ip aren't both installed");
		return tap_end();
	}
	if (!netns_enter()) {
		scratch_leave(path);
		tap_skip("NAT", "network namespaces aren't allowed here");
		return tap_end();
	}
	waiting = start_waiting();
	make_world();
	test_nat();
	test_publish();
	test_guard();
	test_replace();
	test_foreign();
	test_forward();
	test_gone();
	test_bridge();
	test_names();
	test_together();
	end_servers();
	is_int(scratch_child(as_root_elsewhere, NULL), 0, "the root of no network is refused");
	status = scratch_child(as_nobody, NULL);
	if (status == 77) {
		tap_skip("ordinary users", "there is no other user here");
	} else {
		is_int(status, 0, "an ordinary user is refused");
		is_int(scratch_child(with_capability, NULL), 0,
		    "a capability is enough, and isn't left to others");
		remove_tap("tap0");
	}
	test_programs();
	waitpid(waiting, &status, 0);
	is_int(WEXITSTATUS(status), EX_TEMPFAIL, "waiting for the lock ends");
	strv_free(&table.networks);
	scratch_leave(path);
	return tap_end();
}
