/*
 * Frames of a DHCP client, right or wrong in every detail, for the tests of host/dhcp.h: written
 * apart from lib/ on purpose. Start one, change its fields, add options, close it; the frame is
 * made then and can still be changed.
 */
#ifndef MIRARI_T_DHCPREQUEST_H
#define MIRARI_T_DHCPREQUEST_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { IP = 14, UDP = 34, MESSAGE = 42, OPTIONS = 240 };
enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };

struct dhcprequest {
	uint8_t message[1024];
	size_t length;
	uint8_t source_mac[6];
	const char *to;    /* an address */
	size_t ip_options; /* bytes */
	uint8_t frame[1536];
	size_t frame_length;
};

static const uint8_t guest_mac[6] = {0x02, 0x00, 0x00, 0xaa, 0xbb, 0x01};
static const uint8_t host_mac[6] = {0x02, 0x00, 0x00, 0xaa, 0xbb, 0xfe};

static inline void add_option(struct dhcprequest *r, int option, const void *value, size_t length)
{
	r->message[r->length++] = (uint8_t)option;
	r->message[r->length++] = (uint8_t)length;
	memcpy(r->message + r->length, value, length);
	r->length += length;
}

static inline void add_address(struct dhcprequest *r, int option, const char *address)
{
	struct in_addr a;

	inet_pton(AF_INET, address, &a);
	add_option(r, option, &a, sizeof a);
}

static inline void put_address_at(struct dhcprequest *r, size_t at, const char *address)
{
	inet_pton(AF_INET, address, r->message + at);
}

/* type 0: without one */
static inline void start_request(struct dhcprequest *r, int type)
{
	static const uint8_t head[] = {1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78};
	static const uint8_t cookie[] = {0x63, 0x82, 0x53, 0x63};

	memset(r, 0, sizeof *r);
	memcpy(r->message, head, sizeof head);
	memcpy(r->message + 28, guest_mac, 6);
	memcpy(r->message + 236, cookie, 4);
	memcpy(r->source_mac, guest_mac, 6);
	r->to = "255.255.255.255";
	r->length = OPTIONS;
	if (type)
		add_option(r, 53, &(uint8_t){(uint8_t)type}, 1);
}

static inline uint16_t ones_sum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static inline void put_be16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The IP checksum, after a change in the frame's IP header. */
static inline void seal_ip(struct dhcprequest *r)
{
	size_t header = (size_t)(r->frame[IP] & 15) * 4;

	put_be16(r->frame + IP + 10, 0);
	put_be16(r->frame + IP + 10, 0xffff & ~ones_sum(r->frame + IP, header, 0));
}

/* Without an END: for those that are to come with their own, or none. */
static inline void frame_request(struct dhcprequest *r)
{
	uint8_t *ip = r->frame + IP, *udp = ip + 20 + r->ip_options;
	uint32_t sum;

	memset(r->frame, 0, sizeof r->frame);
	memset(r->frame, 0xff, 6);
	memcpy(r->frame + 6, r->source_mac, 6);
	put_be16(r->frame + 12, 0x0800);
	ip[0] = (uint8_t)(0x45 + r->ip_options / 4);
	put_be16(ip + 2, 28 + r->ip_options + r->length);
	ip[8] = 64;
	ip[9] = 17;
	inet_pton(AF_INET, r->to, ip + 16);
	memset(ip + 20, 1, r->ip_options); /* NOPs */
	seal_ip(r);
	put_be16(udp, 68);
	put_be16(udp + 2, 67);
	put_be16(udp + 4, 8 + r->length);
	memcpy(udp + 8, r->message, r->length);
	sum = ones_sum(ip + 12, 8, 17 + 8 + (uint32_t)r->length);
	put_be16(udp + 6, 0xffff & ~ones_sum(udp, 8 + r->length, sum));
	r->frame_length = MESSAGE + r->ip_options + r->length;
}

static inline void close_request(struct dhcprequest *r)
{
	r->message[r->length++] = 255;
	if (r->length < 300)
		r->length = 300;
	frame_request(r);
}

/* The value of an option of an answer; NULL when it isn't there. */
static inline const uint8_t *find_option(
    const uint8_t *frame, size_t frame_length, int option, size_t *length)
{
	size_t at = MESSAGE + OPTIONS;

	while (at + 1 < frame_length && frame[at] != 255) {
		if (frame[at] == option) {
			*length = frame[at + 1];
			return frame + at + 2;
		}
		at += frame[at] ? 2 + (size_t)frame[at + 1] : 1;
	}
	return NULL;
}

/* The answer's type; 0 for none. */
static inline int type_of(const uint8_t *frame, size_t frame_length)
{
	size_t length;
	const uint8_t *type = find_option(frame, frame_length, 53, &length);

	return type ? *type : 0;
}

#endif
