#include "host/tapcheck.h"

#include "core/fd.h"
#include "host/caps.h"
#include "host/taperror.h"
#include "host/tapholder.h"
#include "host/tapmark.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 32768, LOWER_UP = 1 << 16 /* of linux/if.h, which net/if.h excludes */ };

struct found {
	unsigned flags;
	unsigned mtu;
	bool is_tun; /* a tap or a tun */
	bool is_tap;
	bool several_queues;
	uint32_t owner, group; /* NO_ID: anybody's */
	char alias[LINK_ALIAS_MAX];
};

/* Asks for the interface: 0, or an errno. */
static int ask(int fd, const char *name, char *answer, size_t *length)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct rtattr attribute;
		char name[IFNAMSIZ];
	} request = {
	    .header = {.nlmsg_len = sizeof request,
		.nlmsg_type = RTM_GETLINK,
		.nlmsg_flags = NLM_F_REQUEST},
	    .attribute = {.rta_len = sizeof request.attribute + IFNAMSIZ, .rta_type = IFLA_IFNAME},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	if (strlen(name) >= IFNAMSIZ)
		return ENODEV;
	memcpy(request.name, name, strlen(name));
	if (sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return errno;
	while ((n = recv(fd, answer, ANSWER_MAX, 0)) < 0)
		if (errno != EINTR)
			return errno;
	*length = (size_t)n;
	return 0;
}

static uint32_t number_of(const struct rtattr *a)
{
	uint32_t number = 0;

	memcpy(
	    &number, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof number ? RTA_PAYLOAD(a) : sizeof number);
	return number;
}

/* RTA_NEXT, of which not every compiler likes the casts. */
static const struct rtattr *next(const struct rtattr *a, int *left)
{
	unsigned length = RTA_ALIGN(a->rta_len);

	*left -= (int)length;
	return (const void *)((const char *)a + length);
}

static void take_tun(const struct rtattr *nest, struct found *f)
{
	int left = (int)RTA_PAYLOAD(nest);

	for (const struct rtattr *a = RTA_DATA(nest); RTA_OK(a, left); a = next(a, &left)) {
		if (a->rta_type == IFLA_TUN_OWNER)
			f->owner = number_of(a);
		else if (a->rta_type == IFLA_TUN_GROUP)
			f->group = number_of(a);
		else if (a->rta_type == IFLA_TUN_TYPE)
			f->is_tap = number_of(a) == IFF_TAP;
		else if (a->rta_type == IFLA_TUN_MULTI_QUEUE)
			f->several_queues = number_of(a);
	}
}

static void take_kind(const struct rtattr *nest, struct found *f)
{
	int left = (int)RTA_PAYLOAD(nest);

	for (const struct rtattr *a = RTA_DATA(nest); RTA_OK(a, left); a = next(a, &left)) {
		if (a->rta_type == IFLA_INFO_KIND)
			f->is_tun =
			    RTA_PAYLOAD(a) >= 4 && !memcmp(RTA_DATA(a), "tun", sizeof "tun");
		else if (a->rta_type == IFLA_INFO_DATA && f->is_tun)
			take_tun(a, f);
	}
}

static void take_alias(const struct rtattr *a, struct found *f)
{
	size_t length = strnlen(RTA_DATA(a), RTA_PAYLOAD(a));

	if (length < sizeof f->alias)
		memcpy(f->alias, RTA_DATA(a), length);
}

static int take(const char *answer, size_t length, struct found *f)
{
	const struct nlmsghdr *header = (const void *)answer;
	const struct ifinfomsg *info;
	int left;

	if (!NLMSG_OK(header, length))
		return EBADMSG;
	if (header->nlmsg_type == NLMSG_ERROR)
		return -((const struct nlmsgerr *)NLMSG_DATA(header))->error;
	if (header->nlmsg_type != RTM_NEWLINK)
		return EBADMSG;
	info = NLMSG_DATA(header);
	f->flags = info->ifi_flags;
	left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof *info));
	for (const struct rtattr *a = (const void *)(info + 1); RTA_OK(a, left);
	     a = next(a, &left)) {
		if (a->rta_type == IFLA_MTU)
			f->mtu = number_of(a);
		else if (a->rta_type == IFLA_IFALIAS)
			take_alias(a, f);
		else if (a->rta_type == IFLA_LINKINFO)
			take_kind(a, f);
	}
	return 0;
}

/* 0, or an errno. */
static int find(const char *name, struct found *f)
{
	alignas(struct nlmsghdr) char answer[ANSWER_MAX];
	int fd A_CLEANUP(fd_close) = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	size_t length = 0;
	int error;

	/* a kernel before 4.20 doesn't tell whose a tun or tap is: then it may be ours */
	*f = (struct found){.owner = NO_ID, .group = NO_ID, .is_tap = true};
	if (fd < 0)
		return errno;
	error = ask(fd, name, answer, &length);
	return error ? error : take(answer, length, f);
}

static bool in_group(gid_t group)
{
	gid_t groups[1024]; /* more can't be asked for one by one; then the tender finds out */
	int count = getgroups(COUNT_OF(groups), groups);

	if (group == getegid() || count < 0)
		return true;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* As the kernel has it (tun_not_capable of drivers/net/tun.c). */
static bool may_attach(const struct found *f)
{
	return ((f->owner == NO_ID || f->owner == geteuid()) &&
		   (f->group == NO_ID || in_group(f->group))) ||
	       caps_have(CAP_NET_ADMIN);
}

static int check_node(const char *tap, struct fault *fault)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return close(fd);
	return tap_fault(&(struct tap_about){TAP_OPEN, tap, NULL}, errno, NULL, fault);
}

static void know(const struct found *f, struct tapcheck *into)
{
	struct tapmark mark;

	into->mtu = f->mtu;
	if (tapmark_read(f->alias, &mark) && strlen(mark.mac) == sizeof into->mac - 1)
		memcpy(into->mac, mark.mac, sizeof into->mac);
}

int tapcheck(const char *tap, const char *device, struct tapcheck *into, struct fault *fault)
{
	struct found f;
	int error = find(tap, &f);

	*into = (struct tapcheck){0};
	if (error == ENODEV) {
		fault_set(fault, EX_DATAERR, "%s: there is no interface %s", device, tap);
		return fault_hint(
		    fault, "make it: sudo mirari-tap up %s --owner $USER --host 10.0.0.1/24", tap);
	}
	if (error)
		return fault_errno(fault, 0, error, "look at interface %s", tap);
	if (!f.is_tun || !f.is_tap || f.several_queues)
		return tap_fault(&(struct tap_about){TAP_ATTACH, tap, NULL}, EINVAL, NULL, fault);
	if (!may_attach(&f))
		return tap_fault(&(struct tap_about){TAP_ATTACH, tap, NULL}, EPERM, NULL, fault);
	if (!(f.flags & IFF_UP)) {
		fault_set(fault, EX_TEMPFAIL, "%s: %s is down", device, tap);
		return fault_hint(fault, "sudo ip link set %s up", tap);
	}
	if (f.flags & LOWER_UP)
		return tap_in_use(TAP_ATTACH, tap, fault);
	know(&f, into);
	return check_node(tap, fault);
}

void tapcheck_look(const char *tap, struct tapcheck *into)
{
	struct found f;

	*into = (struct tapcheck){0};
	if (!find(tap, &f))
		know(&f, into);
}
