#include "host/dhcp.h"

#include "host/udpframe.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 2131, figure 1: where the fields are. */
enum {
	AT_OP = 0,
	AT_HTYPE = 1,
	AT_HLEN = 2,
	AT_XID = 4,
	AT_FLAGS = 10,
	AT_CIADDR = 12,
	AT_YIADDR = 16,
	AT_GIADDR = 24,
	AT_CHADDR = 28,
	AT_SNAME = 44,
	AT_FILE = 108,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,

	MAC_LENGTH = 6,
	CHADDR_LENGTH = 16,
	SNAME_LENGTH = 64,
	FILE_LENGTH = 128,
	MESSAGE_MIN = 300, /* of BOOTP, and there are clients that want it (RFC 1542, 2.1) */
	MESSAGE_MAX = DHCP_DATAGRAM_MAX - UDPFRAME_IP - UDPFRAME_UDP
};

enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1, FLAG_BROADCAST = 0x80 };

static const uint8_t cookie[4] = {99, 130, 83, 99};
static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* RFC 2132, by their numbers. */
enum option {
	OPTION_PAD = 0,
	OPTION_NETMASK = 1,
	OPTION_ROUTER = 3,
	OPTION_NAMESERVERS = 6,
	OPTION_HOSTNAME = 12,
	OPTION_MTU = 26,
	OPTION_BROADCAST = 28,
	OPTION_REQUESTED = 50,
	OPTION_SECONDS = 51,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_RENEW = 58,
	OPTION_REBIND = 59,
	OPTION_CLIENT_ID = 61,
	OPTION_END = 255
};

enum { OVERLOAD_FILE = 1, OVERLOAD_SNAME = 2 };

enum type {
	DISCOVER = 1,
	OFFER = 2,
	REQUEST = 3,
	DECLINE = 4,
	ACK = 5,
	NAK = 6,
	RELEASE = 7,
	INFORM = 8
};

struct request {
	const uint8_t *message; /* at least AT_OPTIONS bytes */
	struct in_addr ciaddr;
	struct in_addr requested; /* 0: not there; so for all that follow */
	struct in_addr server;
	uint8_t type;
	uint8_t overload;
	const uint8_t *client_id;
	uint8_t client_id_length;
};

static bool is_zero(struct in_addr address)
{
	return address.s_addr == 0;
}

static bool is_same(struct in_addr a, struct in_addr b)
{
	return a.s_addr == b.s_addr;
}

/* Of the same number, the first counts. False when its length is wrong. */
static bool take_address(struct in_addr *into, const uint8_t *value, size_t length)
{
	if (length == sizeof *into && is_zero(*into))
		memcpy(into, value, sizeof *into);
	return length == sizeof *into;
}

static bool take_byte(uint8_t *into, const uint8_t *value, size_t length)
{
	if (length == 1 && !*into)
		*into = *value;
	return length == 1;
}

static bool take_option(struct request *r, unsigned option, const uint8_t *value, uint8_t length)
{
	switch (option) {
	case OPTION_REQUESTED:
		return take_address(&r->requested, value, length);
	case OPTION_SERVER:
		return take_address(&r->server, value, length);
	case OPTION_TYPE:
		return take_byte(&r->type, value, length);
	case OPTION_OVERLOAD:
		return take_byte(&r->overload, value, length);
	case OPTION_CLIENT_ID:
		if (length && !r->client_id) {
			r->client_id = value;
			r->client_id_length = length;
		}
		return true;
	default:
		return true;
	}
}

/* False when one of them goes past the end. The END may be missing: there are clients like that. */
static bool take_options(struct request *r, const uint8_t *next, size_t left)
{
	while (left && *next != OPTION_END) {
		size_t whole;

		if (*next == OPTION_PAD) {
			next++, left--;
			continue;
		}
		if (left < 2 || left < (whole = 2 + (size_t)next[1]) ||
		    !take_option(r, next[0], next + 2, next[1]))
			return false;
		next += whole;
		left -= whole;
	}
	return true;
}

/* What of a message has to be right whatever it asks for. A message that came by a relay (giaddr)
 * isn't from this link. */
static bool read_request(
    struct request *r, const uint8_t mac[6], const uint8_t *message, size_t length)
{
	struct in_addr giaddr;
	uint8_t overload;

	*r = (struct request){.message = message};
	if (length < AT_OPTIONS || message[AT_OP] != BOOTREQUEST || message[AT_HTYPE] != ETHERNET ||
	    message[AT_HLEN] != MAC_LENGTH || memcmp(message + AT_CHADDR, mac, MAC_LENGTH) != 0 ||
	    memcmp(message + AT_COOKIE, cookie, sizeof cookie) != 0)
		return false;
	memcpy(&giaddr, message + AT_GIADDR, sizeof giaddr);
	memcpy(&r->ciaddr, message + AT_CIADDR, sizeof r->ciaddr);
	if (!is_zero(giaddr) || !take_options(r, message + AT_OPTIONS, length - AT_OPTIONS))
		return false;
	overload = r->overload; /* an OVERLOAD in there means nothing */
	if ((overload & OVERLOAD_FILE) && !take_options(r, message + AT_FILE, FILE_LENGTH))
		return false;
	return !(overload & OVERLOAD_SNAME) || take_options(r, message + AT_SNAME, SNAME_LENGTH);
}

/* The type of the answer; 0 for none. RFC 2131, 4.3. */
static enum type decide(const struct request *r, const struct dhcp_lease *lease)
{
	struct in_addr asked = is_zero(r->requested) ? r->ciaddr : r->requested;

	switch (r->type) {
	case DISCOVER:
		return OFFER; /* of our address, whatever it would rather have */
	case INFORM:
		return ACK;
	case REQUEST:
		if (!is_zero(r->server) && !is_same(r->server, lease->server))
			return 0; /* it has selected another server */
		if (is_zero(asked))
			return 0;
		return is_same(asked, lease->address) ? ACK : NAK;
	default:
		return 0;
	}
}

/* Where the options of an answer are written. */
struct answer {
	uint8_t *message;
	size_t length;
};

/* One that doesn't fit, with the END behind it, is left out. */
static void put_option(struct answer *a, enum option option, const void *value, size_t length)
{
	if (!length || length > UINT8_MAX || a->length + 2 + length + 1 > MESSAGE_MAX)
		return;
	a->message[a->length++] = (uint8_t)option;
	a->message[a->length++] = (uint8_t)length;
	memcpy(a->message + a->length, value, length);
	a->length += length;
}

static void put_address(struct answer *a, enum option option, struct in_addr address)
{
	if (!is_zero(address))
		put_option(a, option, &address, sizeof address);
}

static void put_number(struct answer *a, enum option option, uint32_t number)
{
	uint32_t big = htonl(number);

	put_option(a, option, &big, sizeof big);
}

/* The network's broadcast address; 0 where it has none, with one or two addresses (RFC 3021), or
 * where the network isn't known. */
static struct in_addr broadcast_of(const struct dhcp_lease *lease)
{
	uint32_t host = ~ntohl(lease->netmask.s_addr);
	bool none = host < 3 || is_zero(lease->netmask);

	return (struct in_addr){none ? 0 : lease->address.s_addr | htonl(host)};
}

/* In the order in which they are worth their room. The netmask has to be before the router (RFC
 * 2132, 3.3). T1 and T2 are RFC 2131's defaults, for clients that don't know these. */
static void put_options(struct answer *a, const struct dhcp_lease *lease, bool timed)
{
	size_t names = lease->nameserver_count;
	uint16_t mtu = htons((uint16_t)lease->mtu);

	if (timed)
		put_number(a, OPTION_SECONDS, lease->seconds);
	put_address(a, OPTION_NETMASK, lease->netmask);
	put_address(a, OPTION_ROUTER, lease->router);
	if (names > DHCP_NAMESERVERS_MAX)
		names = DHCP_NAMESERVERS_MAX;
	put_option(a, OPTION_NAMESERVERS, lease->nameservers, names * sizeof *lease->nameservers);
	if (lease->mtu >= DHCP_MTU_MIN && lease->mtu <= UINT16_MAX)
		put_option(a, OPTION_MTU, &mtu, sizeof mtu);
	if (timed && lease->seconds != DHCP_FOREVER) {
		put_number(a, OPTION_RENEW, lease->seconds / 2);
		put_number(a, OPTION_REBIND, (uint32_t)((uint64_t)lease->seconds * 7 / 8));
	}
	put_address(a, OPTION_BROADCAST, broadcast_of(lease));
	put_option(a, OPTION_HOSTNAME, lease->hostname,
	    strnlen(lease->hostname, sizeof lease->hostname - 1));
}

/* RFC 2131, table 3. `message` is all zero; returns the message's length. */
static size_t write_message(
    const struct request *r, const struct dhcp_lease *lease, enum type type, uint8_t *message)
{
	struct answer a = {.message = message, .length = AT_OPTIONS};
	uint8_t type_byte = (uint8_t)type;

	message[AT_OP] = BOOTREPLY;
	message[AT_HTYPE] = ETHERNET;
	message[AT_HLEN] = sizeof lease->mac;
	memcpy(message + AT_XID, r->message + AT_XID, 4);
	memcpy(message + AT_FLAGS, r->message + AT_FLAGS, 2);
	memcpy(message + AT_CHADDR, r->message + AT_CHADDR, CHADDR_LENGTH);
	memcpy(message + AT_COOKIE, cookie, sizeof cookie);
	if (type == ACK)
		memcpy(message + AT_CIADDR, &r->ciaddr, sizeof r->ciaddr);
	if (type != NAK && r->type != INFORM)
		memcpy(message + AT_YIADDR, &lease->address, sizeof lease->address);
	put_option(&a, OPTION_TYPE, &type_byte, 1);
	put_address(&a, OPTION_SERVER, lease->server);
	put_option(&a, OPTION_CLIENT_ID, r->client_id, r->client_id_length);
	if (type != NAK)
		put_options(&a, lease, r->type != INFORM);
	message[a.length++] = OPTION_END;
	return a.length < MESSAGE_MIN ? MESSAGE_MIN : a.length;
}

/* RFC 2131, 4.1: to the address that the client has, or will have; to all when it asks for that, or
 * has none that we would give. */
static struct in_addr destination(
    const struct request *r, const struct dhcp_lease *lease, enum type type)
{
	if (type != NAK && !is_zero(r->ciaddr))
		return r->ciaddr;
	if (type == NAK || r->type == INFORM || (r->message[AT_FLAGS] & FLAG_BROADCAST))
		return (struct in_addr){INADDR_BROADCAST};
	return lease->address;
}

/* A datagram to another server's address isn't ours to answer. */
static bool is_to_us(const struct udpframe *datagram, const struct dhcp_lease *lease)
{
	struct in_addr to = datagram->destination;

	return datagram->destination_port == DHCP_SERVER_PORT &&
	       !memcmp(datagram->source_mac, lease->mac, sizeof lease->mac) &&
	       (to.s_addr == INADDR_BROADCAST || is_same(to, lease->server) ||
		   (!is_zero(to) && is_same(to, broadcast_of(lease))));
}

size_t dhcp_answer(const struct dhcp_lease *lease, const uint8_t *frame, size_t length,
    uint8_t reply[DHCP_FRAME_MAX])
{
	struct udpframe in, out = {.source = lease->server};
	uint8_t *message = reply + UDPFRAME_HEADERS;
	struct request request;
	enum type type;

	if (!udpframe_read(frame, length, &in) || !is_to_us(&in, lease) ||
	    !read_request(&request, lease->mac, in.payload, in.length))
		return 0;
	type = decide(&request, lease);
	if (!type)
		return 0;
	memset(reply, 0, DHCP_FRAME_MAX);
	out.destination = destination(&request, lease, type);
	memcpy(out.source_mac, lease->server_mac, sizeof out.source_mac);
	memcpy(out.destination_mac,
	    out.destination.s_addr == INADDR_BROADCAST ? broadcast_mac : lease->mac,
	    sizeof out.destination_mac);
	out.source_port = DHCP_SERVER_PORT;
	out.destination_port = DHCP_CLIENT_PORT;
	out.payload = message;
	out.length = write_message(&request, lease, type, message);
	return udpframe_write(&out, reply, DHCP_FRAME_MAX);
}

bool dhcp_read_wish(const uint8_t *frame, size_t length, struct dhcp_wish *into)
{
	static const uint8_t nobody[MAC_LENGTH];
	struct request request;
	struct udpframe in;

	if (!udpframe_read(frame, length, &in) || in.destination_port != DHCP_SERVER_PORT ||
	    (in.source_mac[0] & 1) || !memcmp(in.source_mac, nobody, sizeof nobody) ||
	    !read_request(&request, in.source_mac, in.payload, in.length))
		return false;
	*into = (struct dhcp_wish){
	    .asked = is_zero(request.requested) ? request.ciaddr : request.requested,
	    .server = request.server};
	memcpy(into->mac, in.source_mac, sizeof into->mac);
	switch (request.type) {
	case DISCOVER:
	case INFORM:
		into->what = DHCP_LOOKS;
		return true;
	case REQUEST:
		into->what = DHCP_TAKES;
		return true;
	case DECLINE:
		into->what = DHCP_REFUSES;
		return true;
	case RELEASE:
		into->what = DHCP_ENDS;
		return true;
	default:
		return false;
	}
}
