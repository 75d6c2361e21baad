/*
 * The responder on real interfaces, all in a network namespace of our own: a tap whose other end is
 * this program, and veth pairs to real clients (busybox udhcpc, ISC's dhclient) in another
 * namespace.
 */
#include "host/dhcpsocket.h"

#include "core/fd.h"
#include "core/proc.h"
#include "dhcprequest.h"
#include "netns.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

enum { SOON_MS = 100, LONG_MS = 20000 };

static struct fault fault;
static struct dhcp_lease lease;

static void set_lease(void)
{
	lease = (struct dhcp_lease){.nameserver_count = 2, .mtu = 1400, .seconds = 600};
	memcpy(lease.mac, guest_mac, 6);
	memcpy(lease.server_mac, host_mac, 6);
	memcpy(lease.hostname, "www", 4);
	inet_pton(AF_INET, "10.0.0.1", &lease.server);
	inet_pton(AF_INET, "10.0.0.2", &lease.address);
	inet_pton(AF_INET, "255.255.255.0", &lease.netmask);
	inet_pton(AF_INET, "10.0.0.1", &lease.router);
	inet_pton(AF_INET, "9.9.9.9", &lease.nameservers[0]);
	inet_pton(AF_INET, "149.112.112.112", &lease.nameservers[1]);
}

/* ---- a network of our own ---- */

/* "ip" with these words. */
static void ip(const char *words)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status;

	strv_add(&command, "ip");
	while (*words) {
		size_t length = strcspn(words, " ");

		strv_add_bytes(&command, words, length);
		words += length + (words[length] == ' ');
	}
	if (proc_run(&command, &io, &status, &fault) == 0 && status == 0)
		return;
	fprintf(stderr, "ip failed: %s\n", command.items[command.count - 1]);
	exit(EXIT_FAILURE);
}

static bool lacks(const char *program, const char *what)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	char why[64];

	if (proc_find(program, &path) == 0)
		return false;
	snprintf(why, sizeof why, "%s is not installed", program);
	tap_skip(what, why);
	return true;
}

/* A tap's other end; -1 where there are none. It goes when this is closed. */
static int make_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	memcpy(request.ifr_name, name, strlen(name) + 1);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) < 0)
		fd_close(&fd);
	return fd;
}

static int open_on(const char *name)
{
	int fd = dhcpsocket_open(if_nametoindex(name), &lease, &fault);

	scratch_need(fd >= 0, fault.text);
	return fd;
}

static bool is_readable(int fd, int within_ms)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, within_ms) == 1;
}

/* The frame that is to be served next, as far as it has been looked at. */
static struct dhcprequest seen;

static int serve(int fd, int *wait_ms)
{
	ssize_t length = recv(fd, seen.frame, sizeof seen.frame, MSG_PEEK);

	if (length > 0)
		seen.frame_length = (size_t)length;
	memset(&fault, 0, sizeof fault);
	*wait_ms = -2;
	return dhcpsocket_serve(fd, &lease, wait_ms, &fault);
}

/* ---- a tap, by hand ---- */

static void send_frame(int tap, const struct dhcprequest *r)
{
	scratch_need(
	    write(tap, r->frame, r->frame_length) == (ssize_t)r->frame_length, "write to tap");
}

/* The type of the first answer among what comes out of the tap; 0 for none soon. */
static int answer_from(int tap)
{
	uint8_t frame[2048];

	while (is_readable(tap, SOON_MS)) {
		ssize_t length = read(tap, frame, sizeof frame);

		if (length > MESSAGE && frame[12] == 8 && frame[13] == 0 &&
		    frame[UDP + 1] == DHCP_SERVER_PORT)
			return type_of(frame, (size_t)length);
	}
	return 0;
}

static void discover(int tap)
{
	struct dhcprequest r;

	start_request(&r, DISCOVER);
	close_request(&r);
	send_frame(tap, &r);
}

static void test_exchange(int tap, int fd, const char *what)
{
	int wait_ms;

	discover(tap);
	ok(is_readable(fd, LONG_MS), "%s: a request wakes", what);
	is_int(serve(fd, &wait_ms), 0, "%s: it is served", what);
	is_int(wait_ms, -1, "%s: then there is nothing to look for", what);
	is_int(answer_from(tap), OFFER, "%s: the guest gets its offer", what);
	ok(!is_readable(fd, 0), "%s: all has been read", what);
}

static void wakes_nobody(int tap, int fd, const struct dhcprequest *r, const char *what)
{
	send_frame(tap, r);
	ok(!is_readable(fd, SOON_MS), "%s doesn't wake", what);
}

/* What the kernel's filter keeps away; dhcp_answer would too, all but the VLAN. */
static void test_filter(int tap, int fd)
{
	struct dhcprequest good, r;

	start_request(&good, DISCOVER);
	close_request(&good);
	r = good;
	r.frame[IP + 9] = 6;
	wakes_nobody(tap, fd, &r, "TCP");
	r = good;
	r.frame[IP + 6] = 0x20;
	wakes_nobody(tap, fd, &r, "a fragment");
	r = good;
	r.frame[UDP + 3] = 68;
	wakes_nobody(tap, fd, &r, "another port");
	r = good;
	r.frame[11]++;
	wakes_nobody(tap, fd, &r, "another MAC's end");
	r = good;
	r.frame[6] += 2;
	wakes_nobody(tap, fd, &r, "another MAC's beginning");
	r = good;
	r.frame[13]++;
	wakes_nobody(tap, fd, &r, "another protocol");
	r = good;
	memcpy(r.frame + 16, good.frame + 12, good.frame_length - 12);
	memcpy(r.frame + 12, "\x81\0\0\5", 4);
	r.frame_length += 4;
	wakes_nobody(tap, fd, &r, "a VLAN");

	start_request(&r, DISCOVER);
	r.ip_options = 40;
	close_request(&r);
	send_frame(tap, &r);
	ok(is_readable(fd, LONG_MS), "IP options don't hide the port");
	is_int(dhcpsocket_serve(fd, &lease, &(int){0}, &fault), 0, "it is served");
	is_int(answer_from(tap), OFFER, "and answered");
}

static void test_many(int tap, int fd)
{
	int wait_ms, calls = 0, answers = 0;

	for (int i = 0; i < 100; i++)
		discover(tap);
	while (is_readable(fd, 0) && calls++ < 100)
		if (serve(fd, &wait_ms) < 0)
			break;
	while (answer_from(tap) == OFFER)
		answers++;
	is_int(answers, 100, "a hundred requests have their answers");
	is_int(calls, 2, "not all in one call");
}

static void test_down(int tap, int fd)
{
	int wait_ms;

	ip("link set dev t0 down");
	ok(is_readable(fd, LONG_MS), "that it is down wakes");
	is_int(serve(fd, &wait_ms), 0, "down isn't gone");
	is_int(wait_ms, DHCPSOCKET_LOOK_MS, "but to be looked at");
	ok(!is_readable(fd, 0), "it wakes once");
	is_int(serve(fd, &wait_ms), 0, "still down");
	is_int(wait_ms, DHCPSOCKET_LOOK_MS, "still to be looked at");
	ip("link set dev t0 up");
	ip("link set dev t0 name t9");
	test_exchange(tap, fd, "up again, with another name");
	ip("link set dev t9 name t0");
	ip("link set dev t0 mtu 200");
	discover(tap);
	ok(is_readable(fd, LONG_MS), "a request to an answer that is too long");
	is_int(serve(fd, &wait_ms), -1, "is a fault");
	is_int(fault.status, EX_CONFIG, "of the configuration");
	ok(strstr(fault.text, "MTU") != NULL, "which is named");
	ip("link set dev t0 mtu 1500");
}

static void is_gone(int fd, const char *what)
{
	int wait_ms, result = 0;

	for (int i = 0; i < 100 && (result = serve(fd, &wait_ms)) == 0; i++)
		is_readable(fd, wait_ms < 0 ? LONG_MS : 20);
	is_int(result, -1, "%s: an interface that is gone", what);
	is_int(fault.status, EX_UNAVAILABLE, "%s: is a fault", what);
	ok(strstr(fault.text, "gone") != NULL, "%s: that says so", what);
}

static void test_tap(void)
{
	int tap = make_tap("t0"), fd;

	if (tap < 0) {
		tap_skip("the responder on a tap", "no taps: /dev/net/tun can't be used");
		return;
	}
	ip("link set dev t0 up");
	fd = open_on("t0");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK, "non-blocking");
	is_int(serve(fd, &(int){0}), 0, "nothing waits: nothing is done");
	test_exchange(tap, fd, "a tap without an address");
	test_filter(tap, fd);
	test_many(tap, fd);
	test_down(tap, fd);
	fd_close(&tap); /* the tap goes with it */
	is_gone(fd, "while up");
	fd_close(&fd);

	tap = make_tap("t0");
	ip("link set dev t0 up");
	fd = open_on("t0");
	ip("link set dev t0 down");
	is_int(serve(fd, &(int){0}), 0, "down");
	fd_close(&tap);
	is_gone(fd, "while down");
	fd_close(&fd);
}

/* Two taps on a bridge: the guest's is answered, another with the guest's MAC isn't, and hears
 * nothing. */
static void test_bridge(void)
{
	int guest = make_tap("t0"), other = make_tap("t1"), fd;

	if (guest < 0 || other < 0) {
		tap_skip("the responder on a bridge's port", "no taps");
		return;
	}
	ip("link add br0 type bridge stp_state 0 forward_delay 0");
	ip("link set dev t0 master br0 up");
	ip("link set dev t1 master br0 up");
	ip("link set dev br0 up");
	fd = open_on("t0");
	test_exchange(guest, fd, "a bridge's port");
	while (is_readable(other, SOON_MS)) { /* the guest's own request came here */
		uint8_t frame[2048];
		ssize_t length = read(other, frame, sizeof frame);

		if (length > 12 && !memcmp(frame + 6, host_mac, 6))
			ok(false, "the answer went to another port");
	}
	discover(other);
	ok(!is_readable(fd, SOON_MS), "a request at another port doesn't wake");
	fd_close(&fd);
	fd_close(&guest);
	fd_close(&other);
	ip("link del br0");
}

static int open_without_privilege(const void *data)
{
	struct fault why = {0};

	(void)data;
	/* all privilege over a new namespace is none over this network */
	if (unshare(CLONE_NEWUSER) < 0)
		return 2;
	if (dhcpsocket_open(1, &lease, &why) >= 0)
		return 3;
	return why.status == EX_NOPERM && strstr(why.hint, "CAP_NET_RAW") ? 0 : 4;
}

static void test_open(void)
{
	int before = scratch_open_count();

	is_int(dhcpsocket_open(0, &lease, &fault), -1, "all interfaces are none");
	is_int(fault.status, EX_SOFTWARE, "that would be our own mistake");
	is_int(dhcpsocket_open(4711, &lease, &fault), -1, "an interface that isn't there");
	is_int(fault.status, EX_UNAVAILABLE, "is a fault");
	is_int(scratch_open_count(), before, "no descriptor is left");
	is_int(scratch_child(open_without_privilege, NULL), 0, "without CAP_NET_RAW it says so");
}

/* ---- real clients ---- */

struct client {
	struct child child;
	int go;
};

/* A process in a network namespace of its own, which has the other end of the pair s0-c0; it
 * becomes the command once that is there. */
static struct client start_client(const char *const *command)
{
	struct client c;
	char words[64], byte;
	int ready[2], go[2];

	scratch_need(pipe2(ready, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0, "pipe2");
	fflush(stdout);
	c.child.pid = fork();
	scratch_need(c.child.pid >= 0, "fork");
	if (c.child.pid == 0) {
		struct strv words_of A_CLEANUP(strv_free) = {0};

		close(go[1]);
		strv_add_words(&words_of, command);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "r", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(99);
		alarm(60);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("client.log", "a", stdout) || dup2(1, 2) < 0)
			_exit(98);
		proc_exec(&words_of, &fault);
		_exit(97);
	}
	close(ready[1]);
	close(go[0]);
	scratch_need(read(ready[0], &byte, 1) == 1, "the client's namespace");
	close(ready[0]);
	c.go = go[1];
	c.child.ended = -1;
	ip("link add s0 address 02:00:00:aa:bb:fe type veth peer name c0 address "
	   "02:00:00:aa:bb:01");
	snprintf(words, sizeof words, "link set dev c0 netns %d", (int)c.child.pid);
	ip(words);
	ip("link set dev s0 up");
	return c;
}

/* The pair goes with the client's namespace, some time after the client. */
static void stop_client(struct client *c)
{
	kill(c->child.pid, SIGTERM);
	for (int i = 0; i < 200 && !proc_has_ended(&c->child); i++)
		usleep(10000);
	kill(c->child.pid, SIGKILL);
	waitpid(c->child.pid, NULL, 0);
	for (int i = 0; i < 1000 && if_nametoindex("s0"); i++)
		usleep(10000);
	fd_close(&c->go);
	unlink("client.log");
}

/* The client may go: we serve until the file is there, or it has ended. What is in the file then.
 */
static const char *serve_until(int fd, struct client *c, const char *file)
{
	static struct buf text;
	bool ended = false;
	int wait_ms;

	buf_clear(&text);
	if (c->go >= 0)
		scratch_need(write(c->go, "g", 1) == 1, "go");
	fd_close(&c->go);
	for (int i = 0; i < 1000 && !ended && access(file, F_OK) < 0; i++) {
		ended = proc_has_ended(&c->child); /* before the file is looked for once more */
		is_readable(fd, 20);
		if (serve(fd, &wait_ms) < 0)
			return fault.text;
	}
	if (file_read(file, EX_NOINPUT, &text, &fault) < 0) {
		(void)!file_read("client.log", EX_NOINPUT, &text, &fault);
		return buf_str(&text);
	}
	unlink(file);
	return buf_str(&text);
}

/* What both scripts end with: the answer as a file, there at once and whole. */
#define PUBLISH \
	"for name in $names; do eval \"echo $name=\\$$name\"; done >tmp\n" \
	"mv tmp \"$event\"\n"

static void put_udhcpc_script(void)
{
	scratch_put("udhcpc.sh", 0755,
	    "#!/bin/sh\n"
	    "event=$1\n"
	    "case $event in\n"
	    "deconfig) ip link set dev $interface up ;;\n"
	    "bound) ip address add $ip/$mask dev $interface ;;\n"
	    "esac\n"
	    "names='ip subnet router dns hostname mtu broadcast lease serverid'\n" PUBLISH);
}

#define UDHCPC_LEASE(address) \
	"ip=" address "\nsubnet=255.255.255.0\nrouter=10.0.0.1\ndns=9.9.9.9 149.112.112.112\n" \
	"hostname=www\nmtu=1400\nbroadcast=10.0.0.255\nlease=600\nserverid=10.0.0.1\n"

static const char *const udhcpc[] = {"busybox", "udhcpc", "-f", "-i", "c0", "-s", "./udhcpc.sh",
    "-t", "5", "-T", "1", "-n", "-R", "-O", "mtu", "-O", "hostname", NULL};

static void udhcpc_gets_its_lease(int fd, struct client *c, const char *what)
{
	is_str(serve_until(fd, c, "bound"), UDHCPC_LEASE("10.0.0.2"), "udhcpc, %s: bound", what);
	kill(c->child.pid, SIGUSR1);
	is_str(serve_until(fd, c, "renew"), UDHCPC_LEASE("10.0.0.2"), "udhcpc, %s: renewed", what);
	unlink("deconfig");
	kill(c->child.pid, SIGUSR2);
	ok(strstr(serve_until(fd, c, "deconfig"), "ip=") != NULL, "udhcpc, %s: released", what);
}

static void test_udhcpc(void)
{
	struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons(DHCP_SERVER_PORT)};
	struct client c;
	int fd, udp;

	if (lacks("busybox", "udhcpc gets its lease"))
		return;
	put_udhcpc_script();
	c = start_client(udhcpc);
	ip("address add 10.0.0.1/24 dev s0");
	fd = open_on("s0");
	udhcpc_gets_its_lease(fd, &c, "an interface with our address");
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	is_int(bind(udp, (const struct sockaddr *)&port, sizeof port), 0,
	    "port 67 is free for others meanwhile");
	fd_close(&udp);
	stop_client(&c);
	is_gone(fd, "with the client's namespace");
	fd_close(&fd);

	c = start_client(udhcpc);
	ip("link add br0 address 02:00:00:aa:bb:ee type bridge stp_state 0 forward_delay 0");
	ip("address add 10.0.0.1/24 dev br0");
	ip("link set dev s0 master br0");
	ip("link set dev br0 up");
	memcpy(lease.server_mac, "\2\0\0\xaa\xbb\xee", 6);
	fd = open_on("s0");
	udhcpc_gets_its_lease(fd, &c, "a bridge's port");
	stop_client(&c);
	fd_close(&fd);
	ip("link del br0");
	set_lease();
}

/* udhcpc insists on an address that isn't its own. */
static void test_nak(void)
{
	static const char *const insisting[] = {"busybox", "udhcpc", "-f", "-i", "c0", "-s",
	    "./udhcpc.sh", "-t", "5", "-T", "1", "-n", "-r", "10.0.0.77", NULL};
	struct client c;
	int fd;

	if (lacks("busybox", "udhcpc asks for another address"))
		return;
	c = start_client(insisting);
	fd = open_on("s0");
	ok(strstr(serve_until(fd, &c, "bound"), "ip=10.0.0.2\n") != NULL,
	    "udhcpc asks for another address, and takes ours");
	inet_pton(AF_INET, "10.0.0.3", &lease.address);
	kill(c.child.pid, SIGUSR1);
	ok(strstr(serve_until(fd, &c, "nak"), "ip=") != NULL,
	    "renewing one that is another's by now, it is told");
	ok(strstr(serve_until(fd, &c, "bound"), "ip=10.0.0.3\n") != NULL, "and gets its new one");
	stop_client(&c);
	fd_close(&fd);
	set_lease();
}

/* A copy of the program, because AppArmor's rules for it by its path (on Debian) know neither our
 * files nor our script. */
static void put_dhclient_files(void)
{
	struct strv copy A_CLEANUP(strv_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status = -1;

	scratch_need(proc_find("dhclient", &path) == 0, "dhclient");
	strv_list(&copy, "cp", buf_str(&path), "dhclient");
	scratch_need(proc_run(&copy, &io, &status, &fault) == 0 && status == 0, "cp");
	scratch_put("dhclient.sh", 0755,
	    "#!/bin/sh\n"
	    "event=$reason\n"
	    "case $event in\n"
	    "PREINIT) ip link set dev $interface up ;;\n"
	    "BOUND | REBOOT) ip address add $new_ip_address/24 dev $interface ;;\n"
	    "esac\n"
	    "names='new_ip_address new_subnet_mask new_routers new_domain_name_servers "
	    "new_host_name new_interface_mtu new_broadcast_address new_dhcp_lease_time "
	    "new_dhcp_server_identifier new_dhcp_renewal_time new_dhcp_rebinding_time'\n" PUBLISH);
	scratch_put("dhclient.conf", 0644,
	    "timeout 20; initial-interval 1;\n"
	    "send dhcp-client-identifier \"a client's own name\";\n"
	    "request subnet-mask, broadcast-address, routers, domain-name-servers, host-name, "
	    "interface-mtu, dhcp-renewal-time, dhcp-rebinding-time;\n");
	scratch_put("leases", 0644, "");
}

#define DHCLIENT_LEASE(address) \
	"new_ip_address=" address "\nnew_subnet_mask=255.255.255.0\nnew_routers=10.0.0.1\n" \
	"new_domain_name_servers=9.9.9.9 149.112.112.112\nnew_host_name=www\n" \
	"new_interface_mtu=1400\nnew_broadcast_address=10.0.0.255\nnew_dhcp_lease_time=600\n" \
	"new_dhcp_server_identifier=10.0.0.1\nnew_dhcp_renewal_time=300\n" \
	"new_dhcp_rebinding_time=525\n"

static const char *const dhclient[] = {"./dhclient", "-4", "-d", "-1", "-cf", "./dhclient.conf",
    "-lf", "./leases", "-pf", "./pid", "-sf", "./dhclient.sh", "c0", NULL};

/* One run after the other, with the lease that the one before has left. */
static void test_dhclient(void)
{
	static const char *const events[] = {"BOUND", "REBOOT", "BOUND"};
	static const char *const leases[] = {
	    DHCLIENT_LEASE("10.0.0.2"), DHCLIENT_LEASE("10.0.0.2"), DHCLIENT_LEASE("10.0.0.3")};

	if (lacks("dhclient", "dhclient gets its lease"))
		return;
	put_dhclient_files();
	for (int i = 0; i < 3; i++) {
		struct client c = start_client(dhclient);
		int fd = open_on("s0");

		if (i == 2) /* what it remembers is refused */
			inet_pton(AF_INET, "10.0.0.3", &lease.address);
		is_str(serve_until(fd, &c, events[i]), leases[i], "dhclient: %s", events[i]);
		stop_client(&c);
		is_gone(fd, "with the client's namespace");
		fd_close(&fd);
	}
	set_lease();
}

/* With a short lease it renews by itself, through its IP stack: from an address to an address, and
 * with a UDP checksum that isn't filled in, since a veth pair has no need of it. */
static void test_renewal(void)
{
	struct client c;
	int fd;

	if (lacks("dhclient", "dhclient renews its lease"))
		return;
	put_dhclient_files();
	lease.seconds = 6;
	c = start_client(dhclient);
	ip("address add 10.0.0.1/24 dev s0");
	fd = open_on("s0");
	ok(strstr(serve_until(fd, &c, "BOUND"), "new_dhcp_lease_time=6\n") != NULL,
	    "dhclient has a lease of six seconds");
	ok(strstr(serve_until(fd, &c, "RENEW"), "new_dhcp_lease_time=6\n") != NULL,
	    "and has it again after three");
	is_int(seen.frame[IP + 16], 10, "which it asked our address for");
	stop_client(&c);
	fd_close(&fd);
	set_lease();
}

int main(void)
{
	char dir[PATH_MAX];

	if (!netns_enter_alone() && !netns_enter()) {
		tap_skip("DHCP on interfaces", "no user and network namespaces here");
		return tap_end();
	}
	if (lacks("ip", "DHCP on interfaces"))
		return tap_end();
	scratch_enter(dir);
	set_lease();
	test_open();
	test_tap();
	test_bridge();
	test_udhcpc();
	test_nak();
	test_dhclient();
	test_renewal();
	scratch_leave(dir);
	return tap_end();
}
