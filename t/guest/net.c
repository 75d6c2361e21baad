/* What answers: ARP (RFC 826), ICMP echo (RFC 792), and asks: DHCP (RFC 2131). Other frames are
 * dropped. */
#include "guest.h"

enum { ETHER = 14, IP = 20, UDP = 8, ARP = 28, BOOTP = 240 };
enum { TYPE_IP = 0x0800, TYPE_ARP = 0x0806, ICMP = 1, PROTOCOL_UDP = 17 };
enum { DISCOVER = 1, OFFER, REQUEST, ACK = 5, NAK };
enum {
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_ADDRESS = 50,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_END = 255
};
enum { XID = 0x6d697261 };

static uint8_t in[FRAME_MAX], out[FRAME_MAX];
static const struct entry *device;
static uint32_t address;

static uint32_t get(const uint8_t *at, int bytes)
{
	uint32_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | *at++;
	return number;
}

static void put(uint8_t *at, int bytes, uint32_t number)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)number;
		number >>= 8;
	}
}

static uint16_t checksum(const uint8_t *data, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The Ethernet header of the reply to what is in `in`. */
static void reply_header(void)
{
	memcpy(out, in + 6, 6);
	memcpy(out + 6, device->net.mac, 6);
	memcpy(out + 12, in + 12, 2);
}

static void answer_arp(size_t length)
{
	const uint8_t *asked = in + ETHER;
	uint8_t *answer = out + ETHER;

	/* Ethernet, IPv4, six and four bytes, a request, for us */
	if (length < ETHER + ARP || get(asked, 4) != 0x00010800 ||
	    get(asked + 4, 4) != 0x06040001 || get(asked + 24, 4) != address)
		return;
	reply_header();
	memcpy(answer, asked, 6);
	put(answer + 6, 2, 2);
	memcpy(answer + 8, device->net.mac, 6);
	memcpy(answer + 14, asked + 24, 4);
	memcpy(answer + 18, asked + 8, 10);
	platform_send(out, ETHER + ARP);
}

/* The length of a whole IPv4 packet without options, of that protocol; 0 for all else. */
static size_t ip_packet(size_t length, unsigned protocol)
{
	const uint8_t *ip = in + ETHER;
	size_t total = length < ETHER + IP ? 0 : get(ip + 2, 2);

	if (total < IP || ETHER + total > length || ip[0] != 0x45 || ip[9] != protocol ||
	    (get(ip + 6, 2) & 0x3fff))
		return 0;
	return total;
}

static void answer_echo(size_t length)
{
	size_t total = ip_packet(length, ICMP);
	uint8_t *ip = out + ETHER, *icmp = ip + IP;

	if (total < IP + 8 || get(in + ETHER + 16, 4) != address || in[ETHER + IP] != 8)
		return;
	reply_header();
	memcpy(ip, in + ETHER, total);
	memcpy(ip + 12, in + ETHER + 16, 4);
	memcpy(ip + 16, in + ETHER + 12, 4);
	icmp[0] = 0;
	put(icmp + 2, 2, 0);
	put(icmp + 2, 2, checksum(icmp, total - IP));
	platform_send(out, ETHER + total);
}

static uint8_t *add_option(uint8_t *at, int type, int bytes, uint32_t value)
{
	at[0] = (uint8_t)type;
	at[1] = (uint8_t)bytes;
	put(at + 2, bytes, value);
	return at + 2 + bytes;
}

/* The value of an option of four bytes or one; 0 when it isn't there. */
static uint32_t option(const uint8_t *message, size_t length, int type)
{
	for (size_t at = BOOTP; at + 2 <= length && message[at] != OPTION_END;
	     at += message[at] ? 2u + message[at + 1] : 1u) {
		if (message[at] == type && at + 2 + message[at + 1] <= length)
			return get(message + at + 2, message[at + 1] < 4 ? 1 : 4);
	}
	return 0;
}

static void dhcp_send(int type, uint32_t offered, uint32_t server)
{
	uint8_t *ip = out + ETHER, *udp = ip + IP, *message = udp + UDP, *end = message + BOOTP;
	size_t length;

	memset(out, 0, sizeof out);
	put(message, 4, 0x01010600); /* a request, Ethernet, six bytes */
	put(message + 4, 4, XID);
	put(message + 10, 2, 0x8000); /* an answer to all: there is no address yet to send it to */
	memcpy(message + 28, device->net.mac, 6);
	put(message + 236, 4, 0x63825363);
	end = add_option(end, OPTION_TYPE, 1, (uint32_t)type);
	if (type == REQUEST) {
		end = add_option(end, OPTION_ADDRESS, 4, offered);
		end = add_option(end, OPTION_SERVER, 4, server);
	}
	*end++ = OPTION_END;
	length = (size_t)(end - ip);
	put(udp, 4, 68 << 16 | 67);
	put(udp + 4, 2, (uint32_t)length - IP);
	put(ip, 2, 0x4500);
	put(ip + 2, 2, (uint32_t)length);
	put(ip + 8, 2, 64 << 8 | PROTOCOL_UDP);
	put(ip + 16, 4, 0xffffffff);
	put(ip + 10, 2, checksum(ip, IP));
	memset(out, 0xff, 6);
	memcpy(out + 6, device->net.mac, 6);
	put(out + 12, 2, TYPE_IP);
	platform_send(out, ETHER + length);
}

/* Waits for that answer, two seconds; its length, with `message` at it. */
static size_t dhcp_receive(unsigned type, const uint8_t **message)
{
	const uint8_t *found = in + ETHER + IP + UDP;
	uint64_t until = platform_now() + 2 * SECOND;
	size_t length;

	while (platform_now() < until) {
		length = platform_receive(in, sizeof in);
		if (length == 0) {
			platform_wait(until);
			continue;
		}
		length = get(in + 12, 2) == TYPE_IP ? ip_packet(length, PROTOCOL_UDP) : 0;
		if (length < IP + UDP + BOOTP || get(found - UDP, 4) != (67 << 16 | 68) ||
		    found[0] != 2 || get(found + 4, 4) != XID ||
		    memcmp(found + 28, device->net.mac, 6) != 0)
			continue;
		*message = found;
		if (option(found, length - IP - UDP, OPTION_TYPE) == type)
			return length - IP - UDP;
	}
	return 0;
}

static bool dhcp_ask(void)
{
	const uint8_t *message;
	uint32_t mask, server;
	size_t length;
	uint64_t bits = 0;

	dhcp_send(DISCOVER, 0, 0);
	length = dhcp_receive(OFFER, &message);
	if (length == 0)
		return false;
	address = get(message + 16, 4);
	server = option(message, length, OPTION_SERVER);
	dhcp_send(REQUEST, address, server);
	length = dhcp_receive(ACK, &message);
	if (length == 0)
		return false;
	address = get(message + 16, 4);
	for (mask = option(message, length, OPTION_MASK); mask; mask <<= 1)
		bits++;
	say("lease: %a/%u via %a\n", address, bits, option(message, length, OPTION_ROUTER));
	return true;
}

noreturn void net_serve(uint32_t own)
{
	const uint8_t *mac;
	size_t length;

	device = platform_net();
	if (!device)
		guest_abort("there is no network device");
	mac = device->net.mac;
	say("mac: %x:%x:%x:%x:%x:%x\nmtu: %u\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
	    (uint64_t)device->net.mtu);
	address = own;
	while (!own && !dhcp_ask())
		say("no lease\n");
	say("serving: %a\n", address);
	for (;;) {
		length = platform_receive(in, sizeof in);
		if (length == 0)
			platform_wait(platform_now() + 60 * SECOND);
		else if (length >= ETHER && get(in + 12, 2) == TYPE_ARP)
			answer_arp(length);
		else if (length >= ETHER && get(in + 12, 2) == TYPE_IP)
			answer_echo(length);
	}
}
