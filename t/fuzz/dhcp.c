/*
 * Any frame, or any message in a good one, to the DHCP responder: no crash, and an answer that a
 * client can read. The first byte chooses: what the rest is, and what the lease has.
 */
#include "host/dhcp.h"
#include "host/udpframe.h"

#include "../lib/dhcprequest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IS_MESSAGE = 1, SEAL_IP = 2, LONG_LEASE = 4 };

static void need(bool good)
{
	if (!good)
		abort();
}

static struct dhcp_lease make_lease(bool is_long)
{
	struct dhcp_lease lease = {.seconds = 60};

	memcpy(lease.mac, guest_mac, 6);
	memcpy(lease.server_mac, host_mac, 6);
	inet_pton(AF_INET, "10.0.0.1", &lease.server);
	inet_pton(AF_INET, "10.0.0.2", &lease.address);
	if (!is_long)
		return lease;
	inet_pton(AF_INET, "255.255.255.0", &lease.netmask);
	lease.router = lease.nameservers[0] = lease.nameservers[1] = lease.nameservers[2] =
	    lease.server;
	lease.nameserver_count = 3;
	lease.mtu = 1500;
	memset(lease.hostname, 'h', sizeof lease.hostname - 1);
	return lease;
}

/* What came must have asked for it; what goes is read as a client would. */
static void check(const struct dhcp_lease *lease, const uint8_t *frame, size_t length,
    const uint8_t *answer, size_t answer_length)
{
	struct udpframe in, out;
	size_t at = OPTIONS;
	int type;

	need(udpframe_read(frame, length, &in) && in.length >= OPTIONS);
	need(answer_length <= DHCP_FRAME_MAX && udpframe_read(answer, answer_length, &out));
	need(out.payload + out.length == answer + answer_length && out.length >= 300);
	need(!memcmp(out.source_mac, host_mac, 6) && out.source.s_addr == lease->server.s_addr);
	need(ones_sum(answer + UDP, out.length + 8,
		 ones_sum(answer + IP + 12, 8, 17 + 8 + (uint32_t)out.length)) == 0xffff);
	need(out.payload[0] == 2 && !memcmp(out.payload + 4, in.payload + 4, 4));
	need(!memcmp(out.payload + 28, in.payload + 28, 16));
	type = type_of(answer, answer_length);
	need(type == OFFER || type == ACK || type == NAK);
	while (out.payload[at] != 255) {
		need(out.payload[at] != 0);
		at += 2 + (size_t)out.payload[at + 1];
		need(at < out.length);
	}
	while (++at < out.length)
		need(out.payload[at] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dhcprequest r;
	uint8_t answer[DHCP_FRAME_MAX], *exact;
	struct dhcp_lease lease;
	size_t length;

	if (!size || size - 1 > sizeof r.message)
		return 0;
	lease = make_lease(data[0] & LONG_LEASE);
	start_request(&r, 0);
	if (data[0] & IS_MESSAGE) {
		memcpy(r.message, data + 1, size - 1);
		r.length = size - 1;
		frame_request(&r);
	} else {
		memcpy(r.frame, data + 1, size - 1);
		r.frame_length = size - 1;
		if ((data[0] & SEAL_IP) && size > 1 + IP + 60)
			seal_ip(&r);
	}
	/* of the very size, so that reading beyond it is seen */
	exact = malloc(r.frame_length ? r.frame_length : 1);
	need(exact);
	memcpy(exact, r.frame, r.frame_length);
	length = dhcp_answer(&lease, exact, r.frame_length, answer);
	if (length)
		check(&lease, exact, r.frame_length, answer, length);
	free(exact);
	return 0;
}
