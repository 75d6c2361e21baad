#include "host/taperror.h"

#include "core/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define ROOT_OR_NOT \
	"sudo mirari-tap up NAME --owner $USER once, or: mirari-tap exec --rootless -- COMMAND, " \
	"which needs no root"
#define TUN_NODE \
	"sudo modprobe tun; in a container: docker run --device=/dev/net/tun " \
	"--cap-add=NET_ADMIN; " \
	"in a chroot: sudo mkdir -p /dev/net && sudo mknod -m 666 /dev/net/tun c 10 200"

/* NAME and DETAIL are replaced. What the kernel gives beside these is shown as its own text. */
static const struct {
	enum tap_step step;
	int error;
	int status;
	const char *sentence;
	const char *command;
} table[] = {
    {TAP_OPEN, ENOENT, EX_UNAVAILABLE, "/dev/net/tun isn't there", TUN_NODE},
    {TAP_OPEN, ENODEV, EX_UNAVAILABLE, "/dev/net/tun is there, but the kernel has no driver for it",
	"sudo modprobe tun; where there is no such module, the kernel has to be one with "
	"CONFIG_TUN"},
    {TAP_OPEN, ENXIO, EX_UNAVAILABLE, "/dev/net/tun is there, but the kernel has no driver for it",
	"sudo modprobe tun; where there is no such module, the kernel has to be one with "
	"CONFIG_TUN"},
    {TAP_OPEN, EACCES, EX_NOPERM, "/dev/net/tun may not be opened by this user",
	"sudo chmod 666 /dev/net/tun, which is what Debian has: it gives no rights over "
	"interfaces"},
    {TAP_OPEN, EPERM, EX_NOPERM,
	"/dev/net/tun is forbidden here, as in a container without devices",
	"docker run --device=/dev/net/tun --cap-add=NET_ADMIN, or DeviceAllow=/dev/net/tun rw in a "
	"systemd unit"},
    {TAP_OPEN, EMFILE, EX_OSERR, "too many open files for one more tap",
	"ulimit -n 65536, or fewer devices at a time"},
    {TAP_CREATE, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) makes taps", ROOT_OR_NOT},
    {TAP_CREATE, EBUSY, EX_CANTCREAT,
	"an interface of that name is there, and isn't made by mirari",
	"ip -d link show NAME; choose another name, or remove it: sudo ip link delete NAME"},
    {TAP_CREATE, EINVAL, EX_DATAERR, "the kernel doesn't take the name",
	"choose letters and digits, at most 15, and not all or default, which sysctl uses"},
    {TAP_CREATE, ENFILE, EX_TEMPFAIL, "the kernel has no room for more interfaces",
	"mirari-tap list shows yours; mirari-tap gc removes what is left over"},
    {TAP_CREATE, ENOMEM, EX_TEMPFAIL, "the kernel has no memory for another interface",
	"mirari-tap list shows yours; mirari-tap gc removes what is left over"},
    {TAP_ATTACH, EPERM, EX_NOPERM, "it belongs to another user or group",
	"sudo mirari-tap up NAME --owner $USER …, with all else that it is to have"},
    {TAP_ATTACH, EBUSY, EX_TEMPFAIL, "it is in use: DETAIL",
	"mirari-tap list NAME; end that program, or choose another name"},
    {TAP_ATTACH, EINVAL, EX_CANTCREAT, "it is of another kind (a tun, or one with several queues)",
	"ip -d link show NAME; choose another name"},
    {TAP_ATTACH, EBADFD, EX_TEMPFAIL, "it is going away", "try again"},
    {TAP_OWN, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) gives taps to DETAIL", ROOT_OR_NOT},
    {TAP_OWN, EINVAL, EX_DATAERR, "DETAIL is unknown in this user namespace",
	"cat /proc/self/uid_map /proc/self/gid_map shows who is known"},
    {TAP_SET, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) sets up interfaces", ROOT_OR_NOT},
    {TAP_SET, EINVAL, EX_DATAERR, "the kernel doesn't take its settings: DETAIL",
	"an MTU is from 68 to 65521, and from 1280 with an IPv6 address: --mtu 1500"},
    {TAP_SET, ENODEV, EX_TEMPFAIL, "it was removed by somebody else meanwhile", "try again"},
    {TAP_ADDRESS, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) sets addresses", ROOT_OR_NOT},
    {TAP_ADDRESS, EEXIST, EX_DATAERR, "DETAIL is there already", "ip address show dev NAME"},
    {TAP_ADDRESS, EACCES, EX_UNAVAILABLE, "IPv6 is switched off, so DETAIL can't be set",
	"sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0, or leave the IPv6 address out"},
    {TAP_ADDRESS, EOPNOTSUPP, EX_UNAVAILABLE, "the kernel has no IPv6, so DETAIL can't be set",
	"leave the IPv6 address out"},
    {TAP_ADDRESS, EADDRNOTAVAIL, EX_DATAERR, "DETAIL can't be an interface's address",
	"choose one of a private network, such as 10.0.0.1/24 or fd00::1/64"},
    {TAP_ADDRESS, EINVAL, EX_DATAERR, "DETAIL can't be the address of this interface",
	"choose one of a private network, such as 10.0.0.1/24 or fd00::1/64; with IPv6 the MTU is "
	"at least 1280"},
    {TAP_ADDRESS, ENODEV, EX_TEMPFAIL, "it was removed by somebody else meanwhile", "try again"},
    {TAP_BRIDGE, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) makes bridges", ROOT_OR_NOT},
    {TAP_BRIDGE, EOPNOTSUPP, EX_UNAVAILABLE, "the kernel has no bridges", "sudo modprobe bridge"},
    {TAP_BRIDGE, EINVAL, EX_DATAERR, "the kernel doesn't take the name",
	"choose letters and digits, at most 15, and not all or default, which sysctl uses"},
    {TAP_BRIDGE, EBUSY, EX_TEMPFAIL, "others make and remove it all the time", "try again"},
    {TAP_BRIDGE, EEXIST, EX_CANTCREAT, "an interface of that name is there, and is no bridge",
	"ip -d link show NAME; choose another name"},
    {TAP_BRIDGE, ENODEV, EX_DATAERR, "there is no such bridge",
	"--create-bridge makes it (net.DEV.bridge-create), or: sudo ip link add NAME type bridge "
	"&& sudo ip link set NAME up"},
    {TAP_PORT, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) puts taps into bridges", ROOT_OR_NOT},
    {TAP_PORT, EBUSY, EX_CANTCREAT, "it can't go into DETAIL: it is in another one",
	"sudo ip link set NAME nomaster"},
    {TAP_PORT, EXFULL, EX_UNAVAILABLE, "it can't go into DETAIL: a bridge has 1023 ports at most",
	"use a second bridge: --bridge ANOTHER --create-bridge"},
    {TAP_PORT, EOPNOTSUPP, EX_DATAERR, "it can't go into DETAIL, which is no bridge",
	"ip -d link show DETAIL; choose another bridge: ip link show type bridge"},
    {TAP_DELETE, EPERM, EX_NOPERM, "only root (CAP_NET_ADMIN) removes interfaces",
	"sudo mirari-tap down NAME"},
    {TAP_DELETE, EBUSY, EX_TEMPFAIL, "it is in use: DETAIL",
	"end that program first, or: mirari-tap down --force NAME"},
    {TAP_DELETE, ENODEV, EXIT_NO, "there is no such interface", "mirari-tap list"},
};

static const char *const doing[] = {
    [TAP_OPEN] = "open /dev/net/tun",
    [TAP_CREATE] = "create a tap",
    [TAP_ATTACH] = "attach to it",
    [TAP_OWN] = "set its owner",
    [TAP_PERSIST] = "make it stay",
    [TAP_SET] = "set it up",
    [TAP_ADDRESS] = "set its address",
    [TAP_BRIDGE] = "make a bridge",
    [TAP_PORT] = "put it into a bridge",
    [TAP_DELETE] = "remove it",
};

/* Appends the text with the words NAME and DETAIL replaced. */
static void fill_in(struct buf *into, const char *text, const struct tap_about *about)
{
	while (*text) {
		if (!strncmp(text, "NAME", 4)) {
			buf_adds(into, about->name);
			text += 4;
		} else if (!strncmp(text, "DETAIL", 6)) {
			buf_adds(into, about->detail ? about->detail : "?");
			text += 6;
		} else {
			buf_addc(into, *text++);
		}
	}
}

int tap_fault(const struct tap_about *about, int error, const char *kernel, struct fault *fault)
{
	struct buf sentence A_CLEANUP(buf_free) = {0}, command A_CLEANUP(buf_free) = {0};
	bool quoted = kernel && *kernel;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (table[i].step != about->step || table[i].error != error)
			continue;
		fill_in(&sentence, table[i].sentence, about);
		fill_in(&command, table[i].command, about);
		fault_set(fault, table[i].status, "%s: %s%s%s%s", about->name, buf_str(&sentence),
		    quoted ? " (" : "", quoted ? kernel : "", quoted ? ")" : "");
		return fault_hint(fault, "%s", buf_str(&command));
	}
	return fault_errno(fault, EX_OSERR, error, "%s: %s%s%s%s%s", about->name,
	    doing[about->step], about->detail ? " " : "", about->detail ? about->detail : "",
	    quoted ? ": " : "", quoted ? kernel : "");
}

void tap_faults_list(struct buf *into)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		buf_printf(into, "%s\t%s\t%s\t%s\n", doing[table[i].step],
		    strerrorname_np(table[i].error), table[i].sentence, table[i].command);
}
