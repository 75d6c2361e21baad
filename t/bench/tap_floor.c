/*
 * The floor for taps: what the kernel has to be asked, and nothing looked at or checked.
 *
 *     tap_floor up NAME ADDRESS        one tap: the ioctls, and address and link in one send
 *     tap_floor up PREFIX COUNT GROUP  COUNT of them, PREFIX0 ..., in batches
 *     tap_floor down GROUP             all of a link group
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 50 };

static struct {
	char bytes[BATCH * 256];
	size_t length;
	unsigned count;
} batch;

static int rtnetlink;

static struct nlmsghdr *request(
    unsigned short type, unsigned short flags, const void *head, size_t size)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(batch.bytes + batch.length);

	*h = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH((unsigned)size),
	    .nlmsg_type = type,
	    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags};
	memcpy(NLMSG_DATA(h), head, size);
	batch.count++;
	return h;
}

static void attribute(struct nlmsghdr *h, unsigned short type, const void *value, size_t size)
{
	struct rtattr *a = (struct rtattr *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(a), value, size);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void done(const struct nlmsghdr *h)
{
	batch.length += NLMSG_ALIGN(h->nlmsg_len);
}

static void send_batch(void)
{
	if (batch.count && send(rtnetlink, batch.bytes, batch.length, 0) < 0)
		exit(2);
	while (batch.count) {
		char answer[16384];
		ssize_t got = recv(rtnetlink, answer, sizeof answer, 0);
		const struct nlmsghdr *h = (const struct nlmsghdr *)answer;

		for (; got > 0 && NLMSG_OK(h, (unsigned)got); h = NLMSG_NEXT(h, got)) {
			if (((const struct nlmsgerr *)NLMSG_DATA(h))->error)
				exit(3);
			batch.count--;
		}
	}
	batch.length = 0;
}

static int make(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0 || ioctl(fd, TUNSETOWNER, getuid()) < 0 ||
	    ioctl(fd, TUNSETPERSIST, 1) < 0 || ioctl(rtnetlink, SIOCGIFINDEX, &r) < 0)
		exit(4);
	close(fd);
	return r.ifr_ifindex;
}

static void set_up(int ifindex, struct in_addr address, unsigned group)
{
	struct ifaddrmsg ip = {
	    .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (unsigned)ifindex};
	struct ifinfomsg link = {.ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nlmsghdr *h = request(RTM_NEWADDR, NLM_F_CREATE, &ip, sizeof ip);

	attribute(h, IFA_LOCAL, &address, sizeof address);
	attribute(h, IFA_ADDRESS, &address, sizeof address);
	done(h);
	h = request(RTM_SETLINK, 0, &link, sizeof link);
	if (group)
		attribute(h, IFLA_GROUP, &group, sizeof group);
	done(h);
	if (batch.count > BATCH)
		send_batch();
}

int main(int argc, char **argv)
{
	rtnetlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (argc == 4 && !strcmp(argv[1], "up")) {
		set_up(make(argv[2]), (struct in_addr){inet_addr(argv[3])}, 0);
	} else if (argc == 5 && !strcmp(argv[1], "up")) {
		for (unsigned i = 0; i < strtoul(argv[3], NULL, 10); i++) {
			char name[IFNAMSIZ];

			snprintf(name, sizeof name, "%.8s%hu", argv[2], (unsigned short)i);
			set_up(make(name), (struct in_addr){htonl(0x0a000001u + i * 256)},
			    (unsigned)strtoul(argv[4], NULL, 10));
		}
	} else if (argc == 3 && !strcmp(argv[1], "down")) {
		struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
		unsigned group = (unsigned)strtoul(argv[2], NULL, 10);
		struct nlmsghdr *h = request(RTM_DELLINK, 0, &all, sizeof all);

		attribute(h, IFLA_GROUP, &group, sizeof group);
		done(h);
	} else {
		return 1;
	}
	send_batch();
	return 0;
}
