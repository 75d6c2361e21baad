#include "host/doctor.h"

#include "core/fd.h"
#include "core/self.h"
#include "host/firewall.h"
#include "host/nftcmd.h"
#include "host/nsprobe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct doctor {
	const char *root;
	void (*found)(void *context, const struct finding *finding);
	void *context;
};

static void A_PRINTF(5, 6) tell(const struct doctor *d, const char *name, enum finding_grade grade,
    const char *advice, const char *format, ...)
{
	struct finding finding = {.name = name, .grade = grade, .advice = advice};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	finding.text = text;
	d->found(d->context, &finding);
}

/* Appends a file; false when it isn't there. */
static bool read_file(const struct doctor *d, const char *path, struct buf *text)
{
	struct buf whole A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	buf_printf(&whole, "%s%s", d->root, path);
	return file_read(buf_str(&whole), EX_OSERR, text, &ignored) == 0;
}

static bool is_there(const struct doctor *d, const char *path)
{
	struct buf whole A_CLEANUP(buf_free) = {0};

	buf_printf(&whole, "%s%s", d->root, path);
	return access(buf_str(&whole), F_OK) == 0;
}

static bool in_container(const struct doctor *d)
{
	return is_there(d, "/.dockerenv") || is_there(d, "/run/.containerenv") ||
	       is_there(d, "/run/systemd/container");
}

/* ---- /dev/net/tun -----------------------------------------------------------------------------*/

static void tell_tun_missing(const struct doctor *d, const char *what)
{
	tell(d, "tun", FINDING_BAD,
	    in_container(d) ? "docker run --device /dev/net/tun …" : "sudo modprobe tun",
	    "/dev/net/tun %s: there can be no taps", what);
}

static void check_tun(const struct doctor *d)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	int fd A_CLEANUP(fd_close) = -1;
	struct stat st;

	buf_printf(&path, "%s/dev/net/tun", d->root);
	if (stat(buf_str(&path), &st) < 0) {
		tell_tun_missing(d, "isn't there");
		return;
	}
	/* Linux, Documentation/admin-guide/devices.txt */
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(10, 200)) {
		tell(d, "tun", FINDING_BAD,
		    "sudo rm /dev/net/tun && sudo mknod -m 666 /dev/net/tun c 10 200",
		    "/dev/net/tun isn't the device of that name (10, 200)");
		return;
	}
	fd = open(buf_str(&path), O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		tell(d, "tun", FINDING_OK, "", "/dev/net/tun can be opened");
	else if (errno == EACCES)
		tell(d, "tun", FINDING_BAD, "sudo chmod 666 /dev/net/tun",
		    "/dev/net/tun has the mode %03o: this user can't open it",
		    (unsigned)st.st_mode & 0777);
	else if (errno == EPERM)
		tell(d, "tun", FINDING_BAD, "docker run --device /dev/net/tun …",
		    "/dev/net/tun is kept from this container by its device cgroup");
	else
		tell_tun_missing(d, "has no driver behind it");
}

/* ---- privileges -------------------------------------------------------------------------------*/

/* Effective, and for the network that we are in: it may belong to a user namespace around ours
 * (ioctl_ns(2)). */
static bool has_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	int net A_CLEANUP(fd_close) = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int owner A_CLEANUP(fd_close) = net < 0 ? -1 : ioctl(net, NS_GET_USERNS);

	if (net >= 0 && owner < 0 && errno == EPERM)
		return false;
	return syscall(SYS_capget, &header, data) == 0 &&
	       data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static void check_privilege(const struct doctor *d)
{
	struct buf advice A_CLEANUP(buf_free) = {0}, dir A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	bool root = geteuid() == 0;

	if (has_net_admin()) {
		tell(d, "privilege", FINDING_OK, "",
		    root ? "root: interfaces, NAT and published ports can be set up"
			 : "CAP_NET_ADMIN by a file's capability: interfaces can be set up; NAT "
			   "and published ports need root");
	} else if (root) {
		tell(d, "privilege", FINDING_WARNING,
		    in_container(d) ? "docker run --cap-add=NET_ADMIN …" : "",
		    "root, but without CAP_NET_ADMIN in this network: no interface can be set up");
	} else {
		buf_adds(&advice, "sudo setcap cap_net_admin,cap_net_raw+ep ");
		if (self_dir(&dir, &ignored) == 0)
			buf_printf(&dir, "/");
		buf_printf(&advice, "%smirari-tap", buf_str(&dir));
		tell(d, "privilege", FINDING_WARNING, buf_str(&advice),
		    "setting up interfaces needs root or CAP_NET_ADMIN (sudo, or a capability of "
		    "the file)");
	}
}

static void check_rootless(const struct doctor *d)
{
	struct buf why A_CLEANUP(buf_free) = {0}, advice A_CLEANUP(buf_free) = {0};
	int error = nsprobe_try();

	if (error) {
		nsprobe_explain(d->root, error, &why, &advice);
		tell(d, "rootless", FINDING_WARNING, buf_str(&advice),
		    "user and network namespaces can't be made, so guests can't run without root: "
		    "%s",
		    buf_str(&why));
	} else if (geteuid() == 0 && nsprobe_only_root(d->root, &why, &advice)) {
		tell(d, "rootless", FINDING_WARNING, buf_str(&advice),
		    "only root can make user and network namespaces: %s", buf_str(&why));
	} else {
		tell(d, "rootless", FINDING_OK, "", "user and network namespaces can be made");
	}
}

static void check_program(
    const struct doctor *d, const char *program, const char *package, const char *use)
{
	struct buf path A_CLEANUP(buf_free) = {0}, advice A_CLEANUP(buf_free) = {0};

	if (nftcmd_find(program, &path) == 0) {
		tell(d, program, FINDING_OK, "", "%s, for %s", buf_str(&path), use);
		return;
	}
	buf_printf(&advice, "sudo apt-get install %s", package);
	tell(d, program, FINDING_WARNING, buf_str(&advice), "there is no %s, for %s", program, use);
}

/* ---- the kernel's switches --------------------------------------------------------------------*/

#define IP_FORWARD "/proc/sys/net/ipv4/ip_forward"

static void check_forward(const struct doctor *d)
{
	struct buf value A_CLEANUP(buf_free) = {0}, path A_CLEANUP(buf_free) = {0};
	struct strv tables A_CLEANUP(strv_free) = {0};
	struct fault ignored;

	if (!read_file(d, IP_FORWARD, &value))
		return;
	buf_printf(&path, "%s" IP_FORWARD, d->root);
	if (buf_str(&value)[0] == '0' && access(buf_str(&path), W_OK) < 0 && errno == EROFS)
		tell(d, "ip_forward", FINDING_WARNING,
		    "docker run --sysctl net.ipv4.ip_forward=1 …",
		    "forwarding is off and can't be switched on: no NAT, and no published ports");
	else if (buf_str(&value)[0] == '0')
		tell(d, "ip_forward", FINDING_OK, "",
		    "forwarding is off; it is on while a tap has NAT or published ports");
	else if (nftcmd_tables(&tables, &ignored) == 0 && strv_has(&tables, "mirari.forward"))
		tell(d, "ip_forward", FINDING_OK, "sudo nft delete table inet mirari.forward",
		    "forwarding is on; we did that, and it goes with the last tap that has NAT or "
		    "published ports, unless our mark is deleted");
	else
		tell(d, "ip_forward", FINDING_OK, "", "forwarding is on");
}

/* Does the reverse path filter of the interface want the very route back? The larger of two values
 * counts, 1 is strict, 2 loose (Linux, Documentation/networking/ip-sysctl). */
static bool is_strict(const struct doctor *d, const char *interface)
{
	struct buf all A_CLEANUP(buf_free) = {0}, own A_CLEANUP(buf_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	char a, b;

	buf_printf(&path, "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
	if (!read_file(d, "/proc/sys/net/ipv4/conf/all/rp_filter", &all) ||
	    !read_file(d, buf_str(&path), &own))
		return false;
	a = buf_str(&all)[0];
	b = buf_str(&own)[0];
	return (a > b ? a : b) == '1';
}

static bool is_ours(const char *interface)
{
	return !strncmp(interface, FIREWALL_OURS, strlen(FIREWALL_OURS));
}

static uint32_t ipv4_of(const struct sockaddr *address)
{
	struct sockaddr_in in;

	memcpy(&in, address, sizeof in);
	return ntohl(in.sin_addr.s_addr);
}

static bool is_network(const struct ifaddrs *a)
{
	return a->ifa_addr && a->ifa_netmask && a->ifa_addr->sa_family == AF_INET;
}

/* An address of ours whose network is another interface's, too: a filter that is strict, or not,
 * matters only there. Pairs of ours are told once. */
static bool overlap(const struct ifaddrs *a, const struct ifaddrs *b)
{
	uint32_t mask;

	if (!is_network(a) || !is_network(b) || !is_ours(a->ifa_name) ||
	    !strcmp(a->ifa_name, b->ifa_name) ||
	    (is_ours(b->ifa_name) && strcmp(a->ifa_name, b->ifa_name) > 0))
		return false;
	mask = ipv4_of(a->ifa_netmask) & ipv4_of(b->ifa_netmask);
	return (ipv4_of(a->ifa_addr) & mask) == (ipv4_of(b->ifa_addr) & mask);
}

static void check_rp_filter(const struct doctor *d)
{
	struct ifaddrs *list = NULL;
	bool any = false;

	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *a = list; a; a = a->ifa_next)
		for (const struct ifaddrs *b = list; b; b = b->ifa_next) {
			if (!overlap(a, b))
				continue;
			any = true;
			tell(d, "rp_filter", FINDING_WARNING, "",
			    "%s and %s have the same network, so that answers go to one of them "
			    "only%s; give each device its own (net.DEVICE.host)",
			    a->ifa_name, b->ifa_name,
			    is_strict(d, a->ifa_name) || is_strict(d, b->ifa_name)
				? ", and the strict rp_filter drops what guests at the other send"
				: "");
		}
	freeifaddrs(list);
	if (!any)
		tell(d, "rp_filter", FINDING_OK, "", "it drops nothing of guests");
}

/* What goes from one port of a bridge to another meets the firewall of what is forwarded, too,
 * while br_netfilter is loaded (Linux, Documentation/networking/ip-sysctl,
 * bridge-nf-call-iptables). */
static void check_bridge_filter(const struct doctor *d, bool dropped)
{
	struct buf value A_CLEANUP(buf_free) = {0};

	if (!read_file(d, "/proc/sys/net/bridge/bridge-nf-call-iptables", &value) ||
	    buf_str(&value)[0] != '1')
		tell(d, "bridge_filter", FINDING_OK, "",
		    "guests of a bridge reach each other past the firewall");
	else if (dropped)
		tell(d, "bridge_filter", FINDING_WARNING,
		    "sudo sysctl -w net.bridge.bridge-nf-call-iptables=0",
		    "br_netfilter is loaded: what that firewall drops it drops between guests of "
		    "one bridge, too");
	else
		tell(d, "bridge_filter", FINDING_OK, "",
		    "br_netfilter is loaded, but no firewall drops what is forwarded");
}

/* ---- firewalls --------------------------------------------------------------------------------*/

struct firewalls {
	const struct doctor *doctor;
	bool any;
	bool drops; /* what is ours, too */
};

static void tell_firewall(void *context, const struct firewall *f)
{
	struct firewalls *all = context;
	struct buf advice A_CLEANUP(buf_free) = {0};

	all->any = true;
	if (f->lets_ours) {
		tell(all->doctor, "firewall", FINDING_OK, "",
		    "%s lets " FIREWALL_OURS "* through what it drops (table %s %s, chain %s)",
		    firewall_name(f->kind), f->family, f->table, f->chain);
		return;
	}
	all->drops = true;
	firewall_advice(f, &advice);
	tell(all->doctor, "firewall", FINDING_WARNING, buf_str(&advice),
	    "%s drops what guests send out, and what is sent to them, by %s (table %s %s, chain "
	    "%s)",
	    firewall_name(f->kind), f->by_policy ? "its policy" : "its last rule", f->family,
	    f->table, f->chain);
}

static void check_firewall(const struct doctor *d)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};
	struct buf rules A_CLEANUP(buf_free) = {0}, legacy A_CLEANUP(buf_free) = {0};
	struct firewalls all = {.doctor = d};
	struct fault fault = {.status = 0};

	if (!has_net_admin() || geteuid() != 0) {
		tell(d, "firewall", FINDING_OK, "sudo mirari-tap doctor",
		    "only root can see whether a firewall drops what is forwarded; without root "
		    "it doesn't matter");
		return;
	}
	strv_list(&arguments, "list", "ruleset");
	if (nftcmd_run(&arguments, NULL, &rules, &fault) == 0)
		firewall_read(buf_str(&rules), tell_firewall, &all);
	else if (fault.status != EXIT_NOT_FOUND) /* that has been told */
		tell(d, "firewall", FINDING_WARNING, fault.hint, "%s", fault.text);
	/* the older half of iptables keeps its rules elsewhere */
	if (read_file(d, "/proc/net/ip_tables_names", &legacy) &&
	    strstr(buf_str(&legacy), "filter")) {
		tell(d, "firewall", FINDING_WARNING, "sudo iptables-legacy -S FORWARD",
		    "there are rules of iptables-legacy, which we don't see; look whether they "
		    "drop what is forwarded");
		all.any = true;
	}
	check_bridge_filter(d, all.drops);
	if (!all.any && fault.status == 0)
		tell(d, "firewall", FINDING_OK, "", "no other one drops what is forwarded");
}

int doctor_run_at(const char *root, void (*found)(void *context, const struct finding *finding),
    void *context, struct fault *fault)
{
	const struct doctor doctor = {.root = root, .found = found, .context = context};

	(void)fault; /* what fails is a finding */
	check_tun(&doctor);
	check_privilege(&doctor);
	check_rootless(&doctor);
	check_program(&doctor, "nft", "nftables", "NAT and published ports");
	check_program(&doctor, "slirp4netns", "slirp4netns", "networks without root");
	check_forward(&doctor);
	check_rp_filter(&doctor);
	check_firewall(&doctor);
	return 0;
}

int doctor_run(
    void (*found)(void *context, const struct finding *finding), void *context, struct fault *fault)
{
	return doctor_run_at("", found, context, fault);
}
