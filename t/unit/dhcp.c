/* The answers to a DHCP client, byte by byte. */
#include "host/dhcp.h"

#include "dhcprequest.h"
#include "tap.h"

static struct dhcp_lease lease;
static uint8_t answer[DHCP_FRAME_MAX];
static size_t answer_length;

static struct in_addr address(const char *text)
{
	struct in_addr a;

	inet_pton(AF_INET, text, &a);
	return a;
}

static void set_lease(void)
{
	lease = (struct dhcp_lease){.server = address("10.0.0.1"),
	    .address = address("10.0.0.2"),
	    .netmask = address("255.255.255.0"),
	    .router = address("10.0.0.1"),
	    .nameservers = {address("9.9.9.9"), address("149.112.112.112")},
	    .nameserver_count = 2,
	    .mtu = 1400,
	    .hostname = "www",
	    .seconds = 3600};
	memcpy(lease.mac, guest_mac, 6);
	memcpy(lease.server_mac, host_mac, 6);
}

/* From memory of the frame's very size, so that a sanitizer sees what is read beyond it. */
static int ask_frame(const uint8_t *frame, size_t length)
{
	uint8_t *exact = malloc(length ? length : 1);

	if (!exact)
		abort();
	memcpy(exact, frame, length);
	memset(answer, 0xee, sizeof answer);
	answer_length = dhcp_answer(&lease, exact, length, answer);
	free(exact);
	return answer_length ? type_of(answer, answer_length) : 0;
}

static int ask(struct dhcprequest *r)
{
	close_request(r);
	return ask_frame(r->frame, r->frame_length);
}

static int ask_type(int type)
{
	struct dhcprequest r;

	start_request(&r, type);
	return ask(&r);
}

static const char *hex(const uint8_t *bytes, size_t length)
{
	static char text[2 * DHCP_FRAME_MAX + 1];

	text[0] = '\0';
	for (size_t i = 0; i < length && i < DHCP_FRAME_MAX; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static const char *option_hex(int option)
{
	size_t length;
	const uint8_t *value = find_option(answer, answer_length, option, &length);

	return value ? hex(value, length) : NULL;
}

/* What holds for every answer; then to whom it goes. */
static void is_answer(const char *mac, const char *to, const char *what)
{
	size_t total = answer_length - IP, datagram = answer_length - UDP;
	uint32_t pseudo = 17 + (uint32_t)datagram;

	ok(!memcmp(answer + 6, host_mac, 6), "%s: from the host's MAC", what);
	is_str(hex(answer + 12, 4), "08004500", "%s: IPv4, header of 20 bytes", what);
	is_int(answer[IP + 2] << 8 | answer[IP + 3], (long long)total, "%s: IP length", what);
	is_str(hex(answer + IP + 4, 6), "000040004011", "%s: one piece, TTL 64, UDP", what);
	is_int(ones_sum(answer + IP, 20, 0), 0xffff, "%s: IP checksum", what);
	is_str(hex(answer + IP + 12, 4), "0a000001", "%s: from the host's address", what);
	is_str(hex(answer + UDP, 4), "00430044", "%s: from port 67 to 68", what);
	is_int(answer[UDP + 4] << 8 | answer[UDP + 5], (long long)datagram, "%s: UDP length", what);
	is_int(ones_sum(answer + UDP, datagram, ones_sum(answer + IP + 12, 8, pseudo)), 0xffff,
	    "%s: UDP checksum", what);
	ok(answer_length >= MESSAGE + 300, "%s: not shorter than BOOTP's", what);
	is_str(hex(answer + MESSAGE, 4), "02010600", "%s: reply, Ethernet", what);
	is_str(hex(answer + MESSAGE + 4, 4), "12345678", "%s: the xid", what);
	is_str(
	    hex(answer + MESSAGE + 28, 16), "020000aabb0100000000000000000000", "%s: chaddr", what);
	is_str(option_hex(54), "0a000001", "%s: the server's identifier", what);
	is_str(hex(answer, 6), mac, "%s: to that MAC", what);
	is_str(hex(answer + IP + 16, 4), to, "%s: to that address", what);
}

#define TO_GUEST "020000aabb01", "0a000002"
#define TO_ALL "ffffffffffff", "ffffffff"

static const char *addresses(void) /* ciaddr, yiaddr, siaddr, giaddr */
{
	return hex(answer + MESSAGE + 12, 16);
}

static void test_discover(void)
{
	static const uint8_t zeros[192] = {0};
	struct dhcprequest r;

	is_int(ask_type(DISCOVER), OFFER, "DISCOVER: OFFER");
	is_answer(TO_GUEST, "OFFER");
	is_int((long long)answer_length, 14 + 20 + 8 + 305, "no longer than it has to be");
	is_str(addresses(),
	    "00000000"
	    "0a000002"
	    "00000000"
	    "00000000",
	    "yiaddr alone");
	is_str(hex(answer + MESSAGE + 8, 4), "00000000", "secs and flags");
	ok(!memcmp(answer + MESSAGE + 44, zeros, sizeof zeros), "sname and file are empty");
	is_str(hex(answer + MESSAGE + 236, answer_length - MESSAGE - 236),
	    "63825363"
	    "350102"
	    "36040a000001"
	    "330400000e10"
	    "0104ffffff00"
	    "03040a000001"
	    "060809090909"
	    "95707070"
	    "1a020578"
	    "3a0400000708"
	    "3b0400000c4e"
	    "1c040a0000ff"
	    "0c03777777"
	    "ff",
	    "the options");

	start_request(&r, DISCOVER);
	r.message[10] = 0x80;
	add_address(&r, 50, "10.9.9.9");
	is_int(ask(&r), OFFER, "one that would rather have another address gets ours offered");
	is_answer(TO_ALL, "OFFER to all");
	is_str(hex(answer + MESSAGE + 8, 4), "00008000", "the broadcast flag");
	is_str(addresses() + 8,
	    "0a000002"
	    "00000000"
	    "00000000",
	    "yiaddr");
}

static void test_selecting(void)
{
	struct dhcprequest r;

	start_request(&r, REQUEST);
	add_address(&r, 54, "10.0.0.1");
	add_address(&r, 50, "10.0.0.2");
	is_int(ask(&r), ACK, "selected: ACK");
	is_answer(TO_GUEST, "ACK");
	is_str(addresses(),
	    "00000000"
	    "0a000002"
	    "00000000"
	    "00000000",
	    "yiaddr alone");
	is_str(option_hex(51), "00000e10", "the time");

	start_request(&r, REQUEST);
	add_address(&r, 54, "10.0.0.1");
	add_address(&r, 50, "10.0.0.3");
	is_int(ask(&r), NAK, "selected, with another address: NAK");
	is_answer(TO_ALL, "NAK");
	is_int((long long)answer_length, MESSAGE + 300, "padded");
	is_str(addresses(),
	    "00000000"
	    "00000000"
	    "00000000"
	    "00000000",
	    "no address");
	is_str(hex(answer + MESSAGE + 236, 14),
	    "63825363"
	    "350106"
	    "36040a000001"
	    "ff",
	    "nothing else in it");
	for (size_t i = MESSAGE + 250; i < answer_length; i++)
		if (answer[i])
			ok(false, "byte %zu of the padding", i);

	start_request(&r, REQUEST);
	add_address(&r, 54, "10.0.0.9");
	add_address(&r, 50, "10.0.0.2");
	is_int(ask(&r), 0, "another server selected: silence");
	is_int((long long)answer_length, 0, "not a byte");
}

static void test_later_requests(void)
{
	struct dhcprequest r;

	start_request(&r, REQUEST);
	add_address(&r, 50, "10.0.0.2");
	is_int(ask(&r), ACK, "INIT-REBOOT: ACK");
	is_answer(TO_GUEST, "INIT-REBOOT");
	start_request(&r, REQUEST);
	add_address(&r, 50, "192.168.1.7");
	is_int(ask(&r), NAK, "INIT-REBOOT from elsewhere: NAK");
	is_answer(TO_ALL, "INIT-REBOOT from elsewhere");

	start_request(&r, REQUEST);
	put_address_at(&r, 12, "10.0.0.2");
	r.to = "10.0.0.1";
	is_int(ask(&r), ACK, "RENEWING: ACK");
	is_answer(TO_GUEST, "RENEWING");
	is_str(addresses(),
	    "0a000002"
	    "0a000002"
	    "00000000"
	    "00000000",
	    "ciaddr and yiaddr");
	start_request(&r, REQUEST);
	put_address_at(&r, 12, "10.0.0.2");
	r.message[10] = 0x80;
	is_int(ask(&r), ACK, "REBINDING: ACK");
	is_answer(TO_GUEST, "REBINDING, whatever the flag");
	start_request(&r, REQUEST);
	put_address_at(&r, 12, "10.0.0.3");
	is_int(ask(&r), NAK, "REBINDING of another address: NAK");
	is_answer(TO_ALL, "REBINDING of another");
	is_str(addresses(),
	    "00000000"
	    "00000000"
	    "00000000"
	    "00000000",
	    "no address");

	is_int(ask_type(REQUEST), 0, "REQUEST for nothing: silence");
}

static void test_inform(void)
{
	struct dhcprequest r;

	start_request(&r, INFORM);
	put_address_at(&r, 12, "10.0.0.77");
	is_int(ask(&r), ACK, "INFORM: ACK");
	is_answer("020000aabb01", "0a00004d", "INFORM");
	is_str(addresses(),
	    "0a00004d"
	    "00000000"
	    "00000000"
	    "00000000",
	    "ciaddr alone");
	is_str(hex(answer + MESSAGE + 236, answer_length - MESSAGE - 236),
	    "63825363"
	    "350105"
	    "36040a000001"
	    "0104ffffff00"
	    "03040a000001"
	    "060809090909"
	    "95707070"
	    "1a020578"
	    "1c040a0000ff"
	    "0c03777777"
	    "ff"
	    "00000000000000000000000000",
	    "the options, without times");
	is_int(ask_type(INFORM), ACK, "INFORM without an address: ACK");
	is_answer(TO_ALL, "INFORM without an address");
}

static void test_no_answer(void)
{
	static const int types[] = {0, OFFER, DECLINE, ACK, NAK, RELEASE, 9, 13, 255};
	struct dhcprequest r;

	for (size_t i = 0; i < COUNT_OF(types); i++)
		is_int(ask_type(types[i]), 0, "no answer to type %d", types[i]);
	start_request(&r, DISCOVER);
	put_address_at(&r, 24, "10.0.0.5");
	is_int(ask(&r), 0, "none by a relay");
	for (int at = 0; at < 3; at++) {
		start_request(&r, DISCOVER);
		r.message[at] ^= 3;
		is_int(ask(&r), 0, "none to another op, htype, hlen: byte %d", at);
	}
	start_request(&r, DISCOVER);
	r.message[33]++;
	is_int(ask(&r), 0, "none to another chaddr");
	start_request(&r, DISCOVER);
	r.source_mac[5]++;
	is_int(ask(&r), 0, "none to another MAC");
	start_request(&r, DISCOVER);
	r.message[239]++;
	is_int(ask(&r), 0, "none without the cookie");
	start_request(&r, DISCOVER);
	r.to = "10.0.0.9";
	is_int(ask(&r), 0, "none to what another server was asked");
	start_request(&r, DISCOVER);
	r.to = "10.0.0.255";
	is_int(ask(&r), OFFER, "but to the network's broadcast address");
	start_request(&r, DISCOVER);
	close_request(&r);
	r.frame[UDP + 3] = 68;
	is_int(ask_frame(r.frame, r.frame_length), 0, "none on another port");
}

static void test_client_id(void)
{
	uint8_t id[255];
	struct dhcprequest r;

	for (size_t i = 0; i < sizeof id; i++)
		id[i] = (uint8_t)i;
	start_request(&r, DISCOVER);
	add_option(&r, 61, "\1\2\3\0\5", 5);
	is_int(ask(&r), OFFER, "with a client identifier");
	is_str(option_hex(61), "0102030005", "it is in the OFFER");
	start_request(&r, REQUEST);
	add_option(&r, 61, "\1\2\3\0\5", 5);
	add_address(&r, 50, "10.0.0.99");
	is_int(ask(&r), NAK, "with one");
	is_str(option_hex(61), "0102030005", "it is in the NAK");
	start_request(&r, DISCOVER);
	add_option(&r, 61, id, 0);
	is_int(ask(&r), OFFER, "with an empty one");
	is_str(option_hex(61), NULL, "it isn't sent back");

	start_request(&r, DISCOVER);
	add_option(&r, 61, id, sizeof id);
	is_int(ask(&r), OFFER, "with the longest");
	is_answer(TO_GUEST, "the longest");
	ok(answer_length <= 14 + 576, "the datagram is not longer than every client takes");
	ok(find_option(answer, answer_length, 61, &(size_t){0}) &&
		!memcmp(find_option(answer, answer_length, 61, &(size_t){0}), id, sizeof id),
	    "it comes back whole");
	is_str(option_hex(51), "00000e10", "the time has room");
	is_str(option_hex(1), "ffffff00", "and the netmask");
	is_str(option_hex(3), "0a000001", "and the router");
	is_str(option_hex(6), "0909090995707070", "and the name servers");
	is_str(option_hex(12), NULL, "the host name hasn't");
}

static void test_overload(void)
{
	static const uint8_t type[] = {53, 1, REQUEST, 255},
			     wanted[] = {0, 50, 4, 10, 0, 0, 2, 255};
	struct dhcprequest r;

	start_request(&r, 0);
	add_option(&r, 52, "\1", 1);
	memcpy(r.message + 108, type, sizeof type);
	add_address(&r, 50, "10.0.0.2");
	is_int(ask(&r), ACK, "options in file");
	start_request(&r, REQUEST);
	add_option(&r, 52, "\2", 1);
	memcpy(r.message + 44, wanted, sizeof wanted);
	is_int(ask(&r), ACK, "options in sname");
	start_request(&r, 0);
	add_option(&r, 52, "\3", 1);
	memcpy(r.message + 44, wanted, sizeof wanted);
	memcpy(r.message + 108, type, sizeof type);
	is_int(ask(&r), ACK, "options in both");
	start_request(&r, REQUEST);
	memcpy(r.message + 44, wanted, sizeof wanted);
	is_int(ask(&r), 0, "not without OVERLOAD");
	start_request(&r, REQUEST);
	add_option(&r, 52, "\2", 1);
	memset(r.message + 44, 0, 64);
	r.message[44 + 62] = 50;
	r.message[44 + 63] = 4;
	is_int(ask(&r), 0, "one that goes on past sname is none");
	start_request(&r, DISCOVER);
	add_option(&r, 52, "\1", 1);
	memcpy(r.message + 108, "\64\1\2\377", 4); /* OVERLOAD once more */
	r.message[44] = 50;
	r.message[45] = 200;
	is_int(ask(&r), OFFER, "an OVERLOAD in file isn't followed");
}

static void test_options(void)
{
	static const int fixed[] = {53, 50, 54, 52};
	struct dhcprequest r;

	start_request(&r, 0);
	r.length += 3; /* PADs */
	add_option(&r, 55, "\1\3\6\14\17\34", 6);
	add_option(&r, 53, "\1", 1);
	is_int(ask(&r), OFFER, "PADs and other options are passed over");
	start_request(&r, DISCOVER);
	add_option(&r, 53, "\3", 1);
	is_int(ask(&r), OFFER, "of two the first counts");
	start_request(&r, 0);
	r.message[r.length++] = 255;
	add_option(&r, 53, "\1", 1);
	is_int(ask(&r), 0, "nothing behind END does");
	start_request(&r, DISCOVER);
	frame_request(&r);
	is_int(ask_frame(r.frame, r.frame_length), OFFER, "END may be missing");
	r.message[r.length++] = 12;
	frame_request(&r);
	is_int(ask_frame(r.frame, r.frame_length), 0, "an option without a length");
	r.message[r.length++] = 1;
	frame_request(&r);
	is_int(ask_frame(r.frame, r.frame_length), 0, "and one that is longer than the rest");
	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		for (size_t length = 0; length < 6; length += 2 + (length == 2)) {
			start_request(&r, i ? DISCOVER : 0);
			add_option(&r, fixed[i], "\1\1\1\1\1", length);
			is_int(ask(&r), 0, "option %d of %zu bytes", fixed[i], length);
		}
}

static void test_headers(void)
{
	struct dhcprequest r, good;

	start_request(&good, DISCOVER);
	close_request(&good);
	start_request(&r, DISCOVER);
	r.ip_options = 40;
	is_int(ask(&r), OFFER, "IP options");
	is_answer(TO_GUEST, "IP options");
	r = good;
	memset(r.frame + r.frame_length, 0xa5, 60);
	is_int(ask_frame(r.frame, r.frame_length + 60), OFFER, "Ethernet padding");
	is_int((long long)answer_length, 14 + 20 + 8 + 305, "is left out");
	r = good;
	r.frame[UDP + 6] ^= 0x55;
	is_int(ask_frame(r.frame, r.frame_length), OFFER, "a UDP checksum that is yet to come");

#define SPOILT(what, change) \
	do { \
		r = good; \
		change; \
		seal_ip(&r); \
		is_int(ask_frame(r.frame, r.frame_length), 0, what); \
	} while (0)
	SPOILT("IPv6", r.frame[IP] = 0x65);
	SPOILT("an IP header of 16 bytes", r.frame[IP] = 0x44);
	SPOILT("an IP header up to the end", (r.frame[IP] = 0x4f, put_be16(r.frame + IP + 2, 67)));
	SPOILT("an IP datagram longer than the frame", r.frame[IP + 3]++);
	SPOILT("an IP datagram too short for UDP", put_be16(r.frame + IP + 2, 27));
	SPOILT("an IP datagram shorter than its header", put_be16(r.frame + IP + 2, 19));
	SPOILT("an IP datagram too short for its UDP", r.frame[IP + 3]--);
	SPOILT("a first fragment", r.frame[IP + 6] = 0x20);
	SPOILT("a last fragment", r.frame[IP + 7] = 0x25);
	SPOILT("TCP", r.frame[IP + 9] = 6);
	SPOILT("a UDP datagram longer than the IP datagram's", r.frame[UDP + 5]++);
	SPOILT("a UDP datagram shorter than its header", put_be16(r.frame + UDP + 4, 7));
	SPOILT("a UDP datagram without a message", put_be16(r.frame + UDP + 4, 8));
	SPOILT("a message without options", put_be16(r.frame + UDP + 4, 8 + 240));
	SPOILT("a message cut in an option", put_be16(r.frame + UDP + 4, 8 + 242));
	SPOILT("a VLAN", put_be16(r.frame + 12, 0x8100));
	SPOILT("ARP", put_be16(r.frame + 12, 0x0806));
#undef SPOILT
	r = good;
	r.frame[IP + 10] ^= 1;
	is_int(ask_frame(r.frame, r.frame_length), 0, "a wrong IP checksum");
	r = good;
	put_be16(r.frame + UDP + 4, 8 + 243);
	is_int(ask_frame(r.frame, r.frame_length), OFFER, "what is behind UDP's end is left out");
	r = good;
	r.frame[IP + 6] = 0x40;
	seal_ip(&r);
	is_int(ask_frame(r.frame, r.frame_length), OFFER, "\"don't fragment\" is no fragment");
}

/* One whose UDP header would be in its right place, and the destination that is then in its ports
 * would be ours. */
static void test_short_header(void)
{
	struct dhcprequest r;

	start_request(&r, DISCOVER);
	lease.server = address("0.68.0.67");
	r.to = "0.68.0.67";
	close_request(&r);
	is_int(ask_frame(r.frame, r.frame_length), OFFER, "to a strange address of ours");
	memmove(r.frame + UDP, r.frame + UDP + 4, r.frame_length - UDP - 4);
	r.frame[IP] = 0x44;
	put_be16(r.frame + IP + 2, r.frame_length - IP - 4);
	seal_ip(&r);
	is_int(ask_frame(r.frame, r.frame_length - 4), 0, "an IP header that is 4 bytes short");
	set_lease();
}

/* Among all that there are of one part of the xid, some make the sum such that the checksum is 0,
 * which would say that there is none. */
static void test_zero_checksum(void)
{
	struct dhcprequest r;
	int zero = 0, ones = 0;

	start_request(&r, DISCOVER);
	close_request(&r);
	for (size_t i = 0; i < 65536; i++) {
		put_be16(r.frame + MESSAGE + 4, i);
		if (ask_frame(r.frame, r.frame_length) != OFFER)
			break;
		zero += !answer[UDP + 6] && !answer[UDP + 7];
		ones += answer[UDP + 6] == 0xff && answer[UDP + 7] == 0xff;
	}
	is_int(zero, 0, "no answer is without a UDP checksum");
	ok(ones > 0, "where it would be 0, it is ffff");
}

static void test_every_id_length(void)
{
	static const uint8_t id[255];
	size_t whole = 0;

	for (size_t length = 1; length <= sizeof id; length++) {
		struct dhcprequest r;
		size_t at = MESSAGE + OPTIONS;

		start_request(&r, DISCOVER);
		add_option(&r, 61, id, length);
		if (ask(&r) != OFFER)
			break;
		while (at < answer_length && answer[at] != 255)
			at += 2 + (size_t)answer[at + 1];
		whole += at < answer_length && answer_length <= 14 + 576;
	}
	is_int((long long)whole, 255, "whatever is left out, there is an END within the limit");
}

static void test_every_length(void)
{
	struct dhcprequest r;
	int answered = 0;

	start_request(&r, REQUEST);
	add_address(&r, 50, "10.0.0.2");
	add_option(&r, 61, "\1\2\3", 3);
	close_request(&r);
	for (size_t length = 0; length < r.frame_length; length++)
		answered += ask_frame(r.frame, length) != 0;
	is_int(answered, 0, "no frame that was cut is answered");
	answered = 0;
	for (size_t length = 0; length <= 300; length++) {
		start_request(&r, DISCOVER);
		add_option(&r, 61, "\1\2\3", 3);
		r.length = length;
		frame_request(&r);
		answered += ask_frame(r.frame, r.frame_length) != 0;
	}
	is_int(answered, 1 + 300 - 248 + 1, "a message is, up to any option that is whole");
}

static void test_lease(void)
{
	lease = (struct dhcp_lease){.server = address("10.0.0.1"), .address = address("10.0.0.2")};
	lease.seconds = DHCP_FOREVER;
	memcpy(lease.mac, guest_mac, 6);
	memcpy(lease.server_mac, host_mac, 6);
	is_int(ask_type(DISCOVER), OFFER, "a lease with nothing in it, for ever");
	is_str(hex(answer + MESSAGE + 236, 20),
	    "63825363"
	    "350102"
	    "36040a000001"
	    "3304ffffffff"
	    "ff",
	    "has just that");

	set_lease();
	lease.netmask = address("255.255.255.254");
	lease.mtu = 67;
	lease.nameserver_count = 3;
	lease.nameservers[2] = address("1.1.1.1");
	memset(lease.hostname, 'h', 64);
	lease.hostname[64] = '\0';
	lease.seconds = 4000000007U;
	is_int(ask_type(DISCOVER), OFFER, "a lease at the limits");
	is_str(option_hex(28), NULL, "two addresses leave none for broadcasts");
	is_str(option_hex(26), NULL, "an MTU under 68 can't be said");
	is_str(option_hex(6),
	    "09090909"
	    "95707070"
	    "01010101",
	    "three name servers");
	is_int((long long)strlen(option_hex(12)), 128, "a host name of 64 bytes");
	is_str(option_hex(58), "77359403", "half the time");
	is_str(option_hex(59), "d09dc306", "seven eighths");
	lease.mtu = 65535;
	is_int(ask_type(DISCOVER), OFFER, "again");
	is_str(option_hex(26), "ffff", "the largest MTU");
	set_lease();
}

static bool wish(struct dhcprequest *r, struct dhcp_wish *into)
{
	close_request(r);
	return dhcp_read_wish(r->frame, r->frame_length, into);
}

static void test_wish(void)
{
	static const struct {
		int type, what;
	} types[] = {{DISCOVER, DHCP_LOOKS}, {INFORM, DHCP_LOOKS}, {REQUEST, DHCP_TAKES},
	    {DECLINE, DHCP_REFUSES}, {RELEASE, DHCP_ENDS}};
	struct dhcprequest r;
	struct dhcp_wish w;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		start_request(&r, types[i].type);
		ok(wish(&r, &w) && (int)w.what == types[i].what && !w.asked.s_addr &&
			!w.server.s_addr && !memcmp(w.mac, guest_mac, 6),
		    "the wish of a %d", types[i].type);
	}
	start_request(&r, REQUEST);
	put_address_at(&r, 12, "10.0.0.8");
	ok(wish(&r, &w) && w.asked.s_addr == address("10.0.0.8").s_addr, "what it has");
	start_request(&r, REQUEST);
	put_address_at(&r, 12, "10.0.0.8");
	add_address(&r, 50, "10.0.0.9");
	add_address(&r, 54, "10.0.0.1");
	ok(wish(&r, &w) && w.asked.s_addr == address("10.0.0.9").s_addr &&
		w.server.s_addr == address("10.0.0.1").s_addr,
	    "what it asks for, and whom");
	for (int type = 0; type < 16; type++) {
		start_request(&r, type);
		if (type == OFFER || type == ACK || type == NAK || !type || type > INFORM)
			ok(!wish(&r, &w), "no wish by a %d", type);
	}
	start_request(&r, DISCOVER);
	memset(r.source_mac, 0, 6);
	memset(r.message + 28, 0, 6);
	ok(!wish(&r, &w), "nor by nobody");
	start_request(&r, DISCOVER);
	r.source_mac[0] = r.message[28] = 3;
	ok(!wish(&r, &w), "nor by a group");
	start_request(&r, DISCOVER);
	r.message[33] ^= 1;
	ok(!wish(&r, &w), "nor in another's name");
}

int main(void)
{
	set_lease();
	test_discover();
	test_selecting();
	test_later_requests();
	test_inform();
	test_no_answer();
	test_client_id();
	test_overload();
	test_options();
	test_headers();
	test_short_header();
	test_zero_checksum();
	test_every_id_length();
	test_every_length();
	test_lease();
	test_wish();
	return tap_end();
}
