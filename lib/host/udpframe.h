/*
 * One UDP datagram in one Ethernet frame, taken apart and put together. Pure: no I/O.
 *
 * Formats: Ethernet II (IEEE 802.3 with a type field), IPv4 (RFC 791), UDP (RFC 768). Ports and
 * lengths are in the machine's byte order, addresses as in struct in_addr.
 */
#ifndef MIRARI_HOST_UDPFRAME_H
#define MIRARI_HOST_UDPFRAME_H

#include "core/attr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UDPFRAME_ETHERNET = 14,
	UDPFRAME_IP = 20, /* without options */
	UDPFRAME_UDP = 8,
	UDPFRAME_HEADERS = UDPFRAME_ETHERNET + UDPFRAME_IP + UDPFRAME_UDP
};

struct udpframe {
	uint8_t source_mac[6];
	uint8_t destination_mac[6];
	struct in_addr source;
	struct in_addr destination;
	uint16_t source_port;
	uint16_t destination_port;
	const uint8_t *payload; /* borrowed */
	size_t length;
};

/* False when the frame isn't an IPv4 UDP datagram in one piece whose lengths and IP checksum are
 * right. IP options are passed over; what follows the IP datagram is Ethernet's padding and is left
 * out, so is what follows the UDP datagram.
 *
 * The UDP checksum isn't looked at: a frame that never left this machine may come with none yet,
 * because the sender left it to a network card that there isn't (packet(7),
 * TP_STATUS_CSUMNOTREADY).
 */
bool udpframe_read(const uint8_t *frame, size_t length, struct udpframe *into) A_MUST_CHECK;

/* Both checksums are filled in. Returns the frame's length; 0 when it is more than `room`, or more
 * than IPv4 can carry. The payload may already be in its place, UDPFRAME_HEADERS into the frame. */
size_t udpframe_write(const struct udpframe *from, uint8_t *frame, size_t room) A_MUST_CHECK;

#endif
