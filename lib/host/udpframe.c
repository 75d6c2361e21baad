#include "host/udpframe.h"

#include <string.h>

/* Offsets: in the frame, in the IP header, in the UDP header. */
enum {
	AT_DESTINATION_MAC = 0,
	AT_SOURCE_MAC = 6,
	AT_TYPE = 12,

	AT_VERSION = 0, /* and the header's length in words of four bytes */
	AT_TOTAL = 2,
	AT_FRAGMENT = 6,
	AT_TTL = 8,
	AT_PROTOCOL = 9,
	AT_IP_CHECKSUM = 10,
	AT_SOURCE = 12,
	AT_DESTINATION = 16,

	AT_SOURCE_PORT = 0,
	AT_DESTINATION_PORT = 2,
	AT_LENGTH = 4,
	AT_UDP_CHECKSUM = 6
};

enum {
	TYPE_IPV4 = 0x0800,
	VERSION_4 = 0x40,
	DONT_FRAGMENT = 0x4000,
	MORE_OR_OFFSET = 0x3fff, /* "more fragments", or not the first one */
	TTL = 64
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The sum of 16-bit words, an odd byte counting as a word's upper half (RFC 1071). A frame is far
 * too short for it to overflow. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (; length > 1; bytes += 2, length -= 2)
		sum += get16(bytes);
	return length ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

static unsigned checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

bool udpframe_read(const uint8_t *frame, size_t length, struct udpframe *into)
{
	const uint8_t *ip = frame + UDPFRAME_ETHERNET, *udp;
	size_t header, total, datagram;

	if (length < UDPFRAME_HEADERS || get16(frame + AT_TYPE) != TYPE_IPV4)
		return false;
	length -= UDPFRAME_ETHERNET;
	header = (size_t)(ip[AT_VERSION] & 0xf) * 4;
	total = get16(ip + AT_TOTAL);
	if ((ip[AT_VERSION] & 0xf0) != VERSION_4 || header < UDPFRAME_IP || total > length ||
	    total < header + UDPFRAME_UDP || ip[AT_PROTOCOL] != IPPROTO_UDP ||
	    (get16(ip + AT_FRAGMENT) & MORE_OR_OFFSET) || checksum(add_words(0, ip, header)))
		return false;
	udp = ip + header;
	datagram = get16(udp + AT_LENGTH);
	if (datagram < UDPFRAME_UDP || datagram > total - header)
		return false;
	memcpy(into->source_mac, frame + AT_SOURCE_MAC, sizeof into->source_mac);
	memcpy(into->destination_mac, frame + AT_DESTINATION_MAC, sizeof into->destination_mac);
	memcpy(&into->source, ip + AT_SOURCE, sizeof into->source);
	memcpy(&into->destination, ip + AT_DESTINATION, sizeof into->destination);
	into->source_port = (uint16_t)get16(udp + AT_SOURCE_PORT);
	into->destination_port = (uint16_t)get16(udp + AT_DESTINATION_PORT);
	into->payload = udp + UDPFRAME_UDP;
	into->length = datagram - UDPFRAME_UDP;
	return true;
}

static void write_ip(const struct udpframe *from, uint8_t *ip, size_t total)
{
	memset(ip, 0, UDPFRAME_IP);
	ip[AT_VERSION] = VERSION_4 | UDPFRAME_IP / 4;
	put16(ip + AT_TOTAL, (unsigned)total);
	/* never in pieces, so that it needs no number to put them together by (RFC 6864) */
	put16(ip + AT_FRAGMENT, DONT_FRAGMENT);
	ip[AT_TTL] = TTL;
	ip[AT_PROTOCOL] = IPPROTO_UDP;
	memcpy(ip + AT_SOURCE, &from->source, sizeof from->source);
	memcpy(ip + AT_DESTINATION, &from->destination, sizeof from->destination);
	put16(ip + AT_IP_CHECKSUM, checksum(add_words(0, ip, UDPFRAME_IP)));
}

/* The checksum is over the addresses, the protocol and the length too: RFC 768's pseudo header. */
static void write_udp(const struct udpframe *from, uint8_t *udp)
{
	size_t length = UDPFRAME_UDP + from->length;
	uint32_t sum = IPPROTO_UDP + (uint32_t)length;
	unsigned check;

	put16(udp + AT_SOURCE_PORT, from->source_port);
	put16(udp + AT_DESTINATION_PORT, from->destination_port);
	put16(udp + AT_LENGTH, (unsigned)length);
	put16(udp + AT_UDP_CHECKSUM, 0);
	sum = add_words(sum, (const uint8_t *)&from->source, sizeof from->source);
	sum = add_words(sum, (const uint8_t *)&from->destination, sizeof from->destination);
	check = checksum(add_words(sum, udp, length));
	/* 0 would say that there is none */
	put16(udp + AT_UDP_CHECKSUM, check ? check : 0xffff);
}

size_t udpframe_write(const struct udpframe *from, uint8_t *frame, size_t room)
{
	uint8_t *ip = frame + UDPFRAME_ETHERNET, *udp = ip + UDPFRAME_IP;
	size_t most = UINT16_MAX - UDPFRAME_IP - UDPFRAME_UDP;

	if (room < UDPFRAME_HEADERS || from->length > most ||
	    from->length > room - UDPFRAME_HEADERS)
		return 0;
	memmove(udp + UDPFRAME_UDP, from->payload, from->length);
	memcpy(frame + AT_DESTINATION_MAC, from->destination_mac, sizeof from->destination_mac);
	memcpy(frame + AT_SOURCE_MAC, from->source_mac, sizeof from->source_mac);
	put16(frame + AT_TYPE, TYPE_IPV4);
	write_ip(from, ip, UDPFRAME_IP + UDPFRAME_UDP + from->length);
	write_udp(from, udp);
	return UDPFRAME_HEADERS + from->length;
}
