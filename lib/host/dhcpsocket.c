#include "host/dhcpsocket.h"

#include "core/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
	AT_ONCE = 64,
	REQUEST_MAX = 2048, /* what is cut off there is no datagram any more */
	VLAN_ID = 0x0fff,
	MORE_OR_OFFSET = 0x3fff,
	AT_SOURCE_MAC = 6,
	AT_TYPE = 12,
	AT_IP = 14,
	AT_FRAGMENT = AT_IP + 6,
	AT_PROTOCOL = AT_IP + 9,
	AT_PORT = AT_IP + 2, /* behind the IP header's length */
	OF_THIS_GUEST = 11   /* where the filter looks at the guest's MAC address */
};

#define LOAD(width, at) BPF_STMT(BPF_LD | (width) | BPF_ABS, (at))
#define LOAD_BEHIND_X(width, at) BPF_STMT(BPF_LD | (width) | BPF_IND, (at))
#define LOAD_IP_LENGTH_INTO_X() BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, AT_IP)
#define UNLESS_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define IF_ANY_BIT(bits, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (skip), 0)
#define RETURN(length) BPF_STMT(BPF_RET | BPF_K, (length))

/* Sees to it that only whole UDP datagrams of the guest (NULL: of any) to port 67 come in. A frame
 * of a VLAN has lost its tag before it gets here, and isn't for the network that the lease is of.
 */
static int set_filter(int fd, const uint8_t *mac)
{
	static const uint8_t anybody[6];
	const uint8_t *m = mac ? mac : anybody;
	uint32_t first = (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
	uint32_t last = (uint32_t)m[4] << 8 | m[5];
	struct sock_filter code[] = {
	    LOAD(BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
	    IF_ANY_BIT(VLAN_ID, 14),
	    LOAD(BPF_H, AT_TYPE),
	    UNLESS_EQUAL(ETHERTYPE_IP, 12),
	    LOAD(BPF_B, AT_PROTOCOL),
	    UNLESS_EQUAL(IPPROTO_UDP, 10),
	    LOAD(BPF_H, AT_FRAGMENT),
	    IF_ANY_BIT(MORE_OR_OFFSET, 8),
	    LOAD_IP_LENGTH_INTO_X(),
	    LOAD_BEHIND_X(BPF_H, AT_PORT),
	    UNLESS_EQUAL(DHCP_SERVER_PORT, 5),
	    LOAD(BPF_W, AT_SOURCE_MAC),
	    UNLESS_EQUAL(first, 3),
	    LOAD(BPF_H, AT_SOURCE_MAC + 4),
	    UNLESS_EQUAL(last, 1),
	    RETURN(REQUEST_MAX),
	    RETURN(0),
	};
	struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

	if (!mac)
		code[OF_THIS_GUEST] = (struct sock_filter)RETURN(REQUEST_MAX);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* ETH_P_ALL, because a bridge takes its ports' frames before those get to any single protocol. */
static int bind_to(int fd, unsigned ifindex)
{
	struct sockaddr_ll address = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex};

	return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

static int open_for(unsigned ifindex, const uint8_t *mac, struct fault *fault)
{
	/* without a protocol, it takes nothing before it is bound and has its filter */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0) {
		fault_errno(fault, 0, errno, "open a packet socket for DHCP");
		if (fault->status == EX_NOPERM)
			fault_hint(fault, "it takes the capability CAP_NET_RAW");
		return -1;
	}
	/* what goes out isn't the guest's: the filter needn't see it, but does in an old kernel */
	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	if (set_filter(fd, mac) < 0)
		fault_errno(fault, 0, errno, "set a filter for DHCP on interface %u", ifindex);
	else if (!ifindex) /* which would be all of them */
		fault_set(fault, EX_SOFTWARE, "DHCP on interface 0");
	else if (bind_to(fd, ifindex) < 0)
		fault_errno(fault, errno == ENODEV ? EX_UNAVAILABLE : 0, errno,
		    "bind to interface %u for DHCP", ifindex);
	else
		return fd;
	fd_close(&fd);
	return -1;
}

int dhcpsocket_open(unsigned ifindex, const struct dhcp_lease *lease, struct fault *fault)
{
	return open_for(ifindex, lease->mac, fault);
}

int dhcpsocket_open_for_all(unsigned ifindex, struct fault *fault)
{
	return open_for(ifindex, NULL, fault);
}

static int is_gone(struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "the interface that had DHCP is gone");
}

/* An interface that goes away is down first, and the one error that this gives us is ENETDOWN; that
 * the socket has lost it is all that is seen of the rest. */
static int look(int fd, int *wait_ms, struct fault *fault)
{
	struct sockaddr_ll address;
	socklen_t length = sizeof address;
	struct ifreq request = {.ifr_flags = 0};

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return fault_errno(fault, 0, errno, "getsockname");
	if (address.sll_ifindex <= 0)
		return is_gone(fault);
	request.ifr_ifindex = address.sll_ifindex;
	if (ioctl(fd, SIOCGIFNAME, &request) < 0)
		return is_gone(fault);
	/* one whose name changes just now is looked at once more */
	*wait_ms = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP)
		       ? -1
		       : DHCPSOCKET_LOOK_MS;
	return 0;
}

/* An answer that can't be sent now is lost as on any wire, and the guest asks again. */
static int send_answer(int fd, const uint8_t *reply, size_t length, struct fault *fault)
{
	if (!length || send(fd, reply, length, 0) >= 0)
		return 0;
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ENOBUFS:
	case ENETDOWN:
	case ENXIO: /* the interface is gone: look() says so */
	case ENODEV:
		return 0;
	case EMSGSIZE:
		return fault_set(fault, EX_CONFIG,
		    "a DHCP answer of %zu bytes is too long for the interface's MTU", length);
	default:
		return fault_errno(fault, 0, errno, "send a DHCP answer");
	}
}

int dhcpsocket_serve_by(
    int fd, dhcpsocket_answer answer, void *context, int *wait_ms, struct fault *fault)
{
	uint8_t frame[REQUEST_MAX], reply[DHCP_FRAME_MAX];

	/* a guest that keeps asking doesn't keep us from the caller's other work */
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t length = recv(fd, frame, sizeof frame, 0);

		if (length >= 0) {
			size_t owed = answer(context, frame, (size_t)length, reply);

			if (send_answer(fd, reply, owed, fault) < 0)
				return -1;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR && errno != ENETDOWN) {
			return fault_errno(fault, 0, errno, "receive DHCP requests");
		}
	}
	return look(fd, wait_ms, fault);
}

static size_t by_lease(
    void *context, const uint8_t *frame, size_t length, uint8_t reply[DHCP_FRAME_MAX])
{
	return dhcp_answer(context, frame, length, reply);
}

int dhcpsocket_serve(int fd, const struct dhcp_lease *lease, int *wait_ms, struct fault *fault)
{
	struct dhcp_lease copy = *lease;

	return dhcpsocket_serve_by(fd, by_lease, &copy, wait_ms, fault);
}
